package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.ptx.PtxFunction;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;
import org.touchstone.backends.cuda.sim.ptx.PtxText;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;

/**
 * Copies the device functions that a kernel calls into it, so that the interpreter needs no call
 * stack.
 *
 * <p>Each copy has registers, labels and local variables of its own; formal parameters become the
 * caller's variables. Recursion and calls through pointers are errors.
 */
final class Flattener {
  private static final Pattern NAME = Pattern.compile("[%$_A-Za-z][\\w$@#]*");

  final List<PtxInstruction> code = new ArrayList<>();
  final Map<String, String> registers = new LinkedHashMap<>();
  final Map<String, Integer> labels = new HashMap<>();
  final Map<String, List<String>> tables = new HashMap<>();

  /** Variables of function scope by unique name. */
  final Map<String, PtxVariable> variables = new LinkedHashMap<>();

  /** All names that operands mention. */
  final Set<String> mentioned = new LinkedHashSet<>();

  private final PtxText text;
  private final Deque<String> stack = new ArrayDeque<>();
  private int copies;

  Flattener(PtxText text, PtxFunction kernel) {
    this.text = text;
    copy(kernel, Map.of(), null);
  }

  private void copy(PtxFunction f, Map<String, String> formals, @Nullable String end) {
    if (stack.contains(f.name())) {
      throw Registers.at(f.line(), "unsupported recursion of " + f.name());
    }
    stack.push(f.name());
    String suffix = end == null ? "" : "#" + copies;
    Map<String, String> names = new HashMap<>(formals);
    f.registers()
        .forEach(
            (name, type) -> {
              registers.put(name + suffix, type);
              names.put(name, name + suffix);
            });
    f.variables()
        .forEach(
            (name, variable) -> {
              // Static shared memory exists once per kernel, however often the function is copied.
              String unique = variable.space().equals("shared") ? name : name + suffix;
              variables.put(unique, variable);
              names.put(name, unique);
            });
    f.tables()
        .forEach(
            (name, targets) -> {
              tables.put(name + suffix, targets.stream().map(t -> t + suffix).toList());
              names.put(name, name + suffix);
            });
    f.labels().keySet().forEach(name -> names.put(name, name + suffix));
    Map<Integer, List<String>> labelsAt = new HashMap<>();
    f.labels()
        .forEach(
            (name, at) -> labelsAt.computeIfAbsent(at, k -> new ArrayList<>()).add(name + suffix));
    for (int i = 0; i <= f.body().size(); i++) {
      for (String label : labelsAt.getOrDefault(i, List.of())) {
        labels.put(label, code.size());
      }
      if (i < f.body().size()) {
        emit(f.body().get(i), suffix.isEmpty() ? Map.of() : names, end);
      }
    }
    stack.pop();
  }

  private void emit(PtxInstruction raw, Map<String, String> names, @Nullable String end) {
    PtxInstruction in = names.isEmpty() ? raw : rename(raw, names);
    if (in.root().equals("call")) {
      call(in);
    } else if (in.root().equals("ret") && end != null) {
      add(new PtxInstruction(in.where(), in.guard(), in.guardNegated(), "bra", List.of(end)));
    } else {
      add(in);
    }
  }

  private void add(PtxInstruction in) {
    for (String operand : in.operands()) {
      Matcher m = NAME.matcher(operand);
      while (m.find()) {
        mentioned.add(m.group());
      }
    }
    code.add(in);
  }

  private void call(PtxInstruction in) {
    List<String> operands = in.operands();
    int at = !operands.isEmpty() && operands.getFirst().startsWith("(") ? 1 : 0;
    String target = at < operands.size() ? operands.get(at) : "";
    PtxFunction callee = text.functions().get(target);
    if (callee == null || operands.size() > at + 2) {
      throw in.error("unsupported call of " + target + ", which has no body here");
    }
    if (in.guard() != null) {
      throw in.error("unsupported guarded call");
    }
    List<String> results = at == 1 ? list(operands.getFirst()) : List.of();
    List<String> arguments = operands.size() > at + 1 ? list(operands.get(at + 1)) : List.of();
    if (results.size() != callee.returns().size()
        || arguments.size() != callee.parameters().size()) {
      throw in.error("a call with another number of arguments than " + target + " has");
    }
    Map<String, String> formals = new HashMap<>();
    for (int i = 0; i < results.size(); i++) {
      formals.put(callee.returns().get(i).name(), results.get(i));
    }
    for (int i = 0; i < arguments.size(); i++) {
      if (!variables.containsKey(arguments.get(i))) {
        throw in.error("unsupported argument " + arguments.get(i));
      }
      formals.put(callee.parameters().get(i).name(), arguments.get(i));
    }
    copies++;
    String end = "$end#" + copies;
    copy(callee, formals, end);
    labels.put(end, code.size());
  }

  private static List<String> list(String operand) {
    String inner = operand.substring(1, operand.length() - 1).strip();
    List<String> out = new ArrayList<>();
    for (String part : inner.split(",", 0)) {
      if (!part.isBlank()) {
        out.add(part.strip());
      }
    }
    return out;
  }

  private static PtxInstruction rename(PtxInstruction in, Map<String, String> names) {
    List<String> operands = new ArrayList<>();
    for (String operand : in.operands()) {
      operands.add(
          NAME.matcher(operand)
              .replaceAll(m -> Matcher.quoteReplacement(names.getOrDefault(m.group(), m.group()))));
    }
    String guard = in.guard();
    return new PtxInstruction(
        in.where(),
        guard == null ? null : names.getOrDefault(guard, guard),
        in.guardNegated(),
        in.opcode(),
        operands);
  }
}
