package org.touchstone.backends.cuda.sim.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a function's body, with nested scopes, and resolves names once all of it is read. */
final class BodyParser {
  private static final Pattern NAME = Pattern.compile("[%$_A-Za-z][\\w$]*");
  private static final Pattern RANGE = Pattern.compile("([%\\w$]+)\\s*<\\s*(\\d+)\\s*>");
  private static final Pattern LOC = Pattern.compile("\\.loc\\s+(\\d+)\\s+(\\d+)\\s+\\d+(.*)");
  private static final Pattern INLINED =
      Pattern.compile("function_name.*inlined_at\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)");

  /** What a pair of braces declares: unique name by name as written. */
  private static final class Scope {
    final @Nullable Scope outer;
    final int id;
    final Map<String, String> names = new HashMap<>();

    Scope(@Nullable Scope outer, int id) {
      this.outer = outer;
      this.id = id;
    }

    String resolve(String name) {
      for (Scope s = this; s != null; s = s.outer) {
        String unique = s.names.get(name);
        if (unique != null) {
          return unique;
        }
      }
      return name;
    }
  }

  private record Raw(Scope scope, SourceLine where, String text) {}

  private record RawTable(Scope scope, String name, String text) {}

  private final PtxScanner scanner;
  private final Map<String, String> registers = new LinkedHashMap<>();
  private final Map<String, PtxVariable> variables = new LinkedHashMap<>();
  private final Map<String, Integer> labels = new LinkedHashMap<>();
  private final List<Raw> raw = new ArrayList<>();
  private final List<RawTable> rawTables = new ArrayList<>();
  private @Nullable String source;
  private int scopes;

  BodyParser(PtxScanner scanner) {
    this.scanner = scanner;
  }

  /** Reads from the opening brace to the closing one. */
  void read() {
    int opened = scanner.line();
    scanner.advance();
    Scope scope = new Scope(null, 0);
    while (true) {
      if (!scanner.skipBlanks()) {
        throw new PtxException(opened, "the function that begins here has no end");
      }
      int line = scanner.line();
      char c = scanner.peek();
      if (c == '{') {
        scanner.advance();
        scope = new Scope(scope, ++scopes);
      } else if (c == '}') {
        scanner.advance();
        if (scope.outer == null) {
          return;
        }
        scope = scope.outer;
      } else if (scanner.startsWith(".loc\t") || scanner.startsWith(".loc ")) {
        location(scanner.restOfLine());
      } else if (scanner.startsWith(".file")) {
        throw new PtxException(line, ".file within a function");
      } else {
        String label = scanner.label();
        if (!label.isEmpty()) {
          labels.put(declare(scope, label, line), raw.size());
        } else {
          statement(scope, line);
        }
      }
    }
  }

  private void location(String directive) {
    Matcher m = LOC.matcher(directive);
    if (!m.matches()) {
      return;
    }
    // For inlined code the caller's line says more about which kernel is at fault; show both.
    Matcher inlined = INLINED.matcher(m.group(3));
    String place = m.group(1) + ":" + m.group(2);
    // Line 0 marks code that the compiler cannot place: keep the last known line.
    if (!m.group(2).equals("0")) {
      source = inlined.find() ? place + " inlined at line " + inlined.group(2) : place;
    }
  }

  private String declare(Scope scope, String name, int line) {
    String unique = scope.outer == null ? name : name + "@" + scope.id;
    if (scope.names.putIfAbsent(name, unique) != null) {
      throw new PtxException(line, name + " is declared twice");
    }
    return unique;
  }

  private void statement(Scope scope, int line) {
    String text = scanner.until(";");
    scanner.advance();
    if (text.isEmpty() || text.startsWith(".pragma")) {
      return;
    }
    if (text.startsWith(".reg")) {
      registers(scope, line, text.substring(".reg".length()).strip());
    } else if (text.startsWith(".branchtargets")) {
      String table = lastLabel(line);
      rawTables.add(new RawTable(scope, table, text.substring(".branchtargets".length())));
    } else if (text.startsWith(".")) {
      PtxVariable variable = PtxParser.variable(line, text);
      String unique = declare(scope, variable.name(), line);
      variables.put(unique, variable.named(unique));
    } else {
      raw.add(new Raw(scope, new SourceLine(line, source), text));
    }
  }

  private String lastLabel(int line) {
    String last = null;
    for (Map.Entry<String, Integer> e : labels.entrySet()) {
      last = e.getValue() == raw.size() ? e.getKey() : last;
    }
    if (last == null) {
      throw new PtxException(line, ".branchtargets without a label");
    }
    return last;
  }

  private void registers(Scope scope, int line, String declaration) {
    int space = declaration.indexOf(' ');
    if (!declaration.startsWith(".") || space < 0) {
      throw new PtxException(line, "cannot read the registers \"" + declaration + "\"");
    }
    String type = declaration.substring(1, space);
    try {
      if (PtxVariable.size(type) == 16) {
        throw new IllegalArgumentException("unsupported register type .b128");
      }
    } catch (IllegalArgumentException e) {
      throw new PtxException(line, String.valueOf(e.getMessage()));
    }
    for (String part : PtxScanner.split(declaration.substring(space))) {
      Matcher range = RANGE.matcher(part);
      if (range.matches()) {
        int count = Integer.parseInt(range.group(2));
        for (int i = 0; i < count; i++) {
          registers.put(declare(scope, range.group(1) + i, line), type);
        }
      } else if (NAME.matcher(part).matches()) {
        registers.put(declare(scope, part, line), type);
      } else {
        throw new PtxException(line, "cannot read the register \"" + part + "\"");
      }
    }
  }

  PtxFunction function(
      int line,
      String name,
      boolean kernel,
      List<PtxVariable> returns,
      List<PtxVariable> parameters,
      Map<String, List<Integer>> attributes) {
    List<PtxInstruction> body = new ArrayList<>(raw.size());
    for (Raw r : raw) {
      body.add(instruction(r));
    }
    Map<String, List<String>> tables = new HashMap<>();
    for (RawTable table : rawTables) {
      tables.put(
          table.name(),
          PtxScanner.split(table.text()).stream().map(table.scope()::resolve).toList());
    }
    return new PtxFunction(
        line,
        name,
        kernel,
        returns,
        parameters,
        attributes,
        registers,
        variables,
        labels,
        tables,
        body);
  }

  private static PtxInstruction instruction(Raw r) {
    String text = r.text();
    String guard = null;
    boolean negated = false;
    if (text.startsWith("@")) {
      int space = text.indexOf(' ');
      if (space < 0) {
        throw new PtxException(r.where().ptxLine(), "a guard without an instruction");
      }
      negated = text.startsWith("@!");
      guard = r.scope().resolve(text.substring(negated ? 2 : 1, space).strip());
      text = text.substring(space).strip();
    }
    int space = text.indexOf(' ');
    String opcode = space < 0 ? text : text.substring(0, space);
    List<String> operands = new ArrayList<>();
    if (space >= 0) {
      for (String operand : PtxScanner.split(text.substring(space).strip())) {
        operands.add(resolve(r.scope(), operand));
      }
    }
    return new PtxInstruction(r.where(), guard, negated, opcode, operands);
  }

  private static String resolve(Scope scope, String operand) {
    Matcher m = NAME.matcher(operand);
    StringBuilder out = new StringBuilder();
    int end = 0;
    while (m.find()) {
      boolean partOfNumber =
          m.start() > 0 && Character.isLetterOrDigit(operand.charAt(m.start() - 1));
      out.append(operand, end, m.start());
      out.append(partOfNumber ? m.group() : scope.resolve(m.group()));
      end = m.end();
    }
    return out.append(operand.substring(end)).toString();
  }
}
