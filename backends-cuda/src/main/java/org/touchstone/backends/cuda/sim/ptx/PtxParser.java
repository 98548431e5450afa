package org.touchstone.backends.cuda.sim.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a module: directives and variables of module scope, kernels and functions. */
final class PtxParser {
  private static final Pattern VARIABLE =
      Pattern.compile(
          "(?:\\.(?:visible|extern|weak|common)\\s+)*\\.(global|const|shared|local|param)\\b"
              + "((?:\\s*\\.(?:align\\s+\\d+|attribute\\s*\\([^)]*\\)|v[24]|ptr|space|global|const|shared"
              + "|local))*)\\s*\\.(\\w+)((?:\\s+\\.ptr(?:\\s*\\.\\w+)*?(?:\\s*\\.align\\s+\\d+)?)?)"
              + "\\s+([\\w$%]+)\\s*((?:\\[\\s*\\w*\\s*\\])*)\\s*(?:=\\s*(.*))?",
          Pattern.DOTALL);
  private static final Pattern ALIGN = Pattern.compile("\\.align\\s+(\\d+)");
  private static final Pattern FUNCTION =
      Pattern.compile(
          ".*?\\.(entry|func)\\s*(?:\\(([^)]*)\\)\\s*)?([\\w$]+)\\s*(?:\\(([^)]*)\\))?(.*)",
          Pattern.DOTALL);
  private static final Pattern ATTRIBUTE =
      Pattern.compile("\\.(\\w+)\\s*((?:\\d+\\s*(?:,\\s*\\d+\\s*)*)?)");

  private final PtxScanner scanner;
  private final Map<Integer, String> files = new HashMap<>();
  private final Map<String, PtxVariable> variables = new LinkedHashMap<>();
  private final Map<String, PtxFunction> functions = new LinkedHashMap<>();
  private String version = "";
  private List<String> target = List.of();

  PtxParser(String text) {
    this.scanner = new PtxScanner(text);
  }

  PtxText module() {
    // .file directives may follow the code that refers to them.
    while (scanner.skipBlanks()) {
      statement();
    }
    if (version.isEmpty() || target.isEmpty()) {
      throw new PtxException(1, "no .version or no .target: this is no ptx module");
    }
    Map<String, PtxFunction> named = new LinkedHashMap<>();
    functions.forEach((name, function) -> named.put(name, withFiles(function)));
    return new PtxText(version, target, variables, named);
  }

  private void statement() {
    if (scanner.startsWith(".section")) {
      scanner.skipBraces();
      return;
    }
    if (directive(scanner)) {
      return;
    }
    int line = scanner.line();
    if (scanner.peek() == '{' || scanner.peek() == '}') {
      throw new PtxException(line, "a brace outside every function");
    }
    String head = headOrVariable();
    if (head.isEmpty()) {
      return;
    }
    if (head.contains(".entry") || head.contains(".func")) {
      function(line, head);
    } else if (head.startsWith(".alias") || head.startsWith(".pragma")) {
      throw new PtxException(line, "unsupported directive " + head);
    } else {
      PtxVariable variable = variable(line, head);
      variables.put(variable.name(), variable);
    }
  }

  /** Reads to a semicolon, or to the brace that opens a function's body. */
  private String headOrVariable() {
    String head = scanner.until(";{");
    if (scanner.peek() == '{' && !(head.contains(".entry") || head.contains(".func"))) {
      head = head + " " + scanner.until(";");
    }
    if (scanner.peek() == ';') {
      scanner.advance();
    }
    return head;
  }

  private boolean directive(PtxScanner in) {
    int line = in.line();
    if (in.startsWith(".version")) {
      version = in.restOfLine().substring(".version".length()).strip();
    } else if (in.startsWith(".target")) {
      target = PtxScanner.split(in.restOfLine().substring(".target".length()));
    } else if (in.startsWith(".address_size")) {
      if (!in.restOfLine().endsWith("64")) {
        throw new PtxException(line, "unsupported address size, only 64 is known");
      }
    } else if (in.startsWith(".file")) {
      file(in.restOfLine());
    } else {
      return false;
    }
    return true;
  }

  private void file(String directive) {
    Matcher m = Pattern.compile("\\.file\\s+(\\d+)\\s+\"([^\"]*)\".*").matcher(directive);
    if (m.matches()) {
      String path = m.group(2);
      files.put(Integer.valueOf(m.group(1)), path.substring(path.lastIndexOf('/') + 1));
    }
  }

  private void function(int line, String head) {
    Matcher m = FUNCTION.matcher(head);
    if (!m.matches()) {
      throw new PtxException(line, "cannot read the function header \"" + head + "\"");
    }
    List<PtxVariable> returns = formals(line, m.group(2));
    List<PtxVariable> parameters = formals(line, m.group(4));
    Map<String, List<Integer>> attributes = new LinkedHashMap<>();
    Matcher a = ATTRIBUTE.matcher(m.group(5));
    while (a.find()) {
      List<Integer> numbers = new ArrayList<>();
      for (String number : PtxScanner.split(a.group(2))) {
        numbers.add(Integer.valueOf(number.strip()));
      }
      attributes.put(a.group(1), List.copyOf(numbers));
    }
    if (!scanner.skipBlanks() || scanner.peek() != '{') {
      return; // a declaration without a body
    }
    BodyParser body = new BodyParser(scanner);
    body.read();
    String name = m.group(3);
    functions.put(
        name,
        body.function(line, name, m.group(1).equals("entry"), returns, parameters, attributes));
  }

  private static List<PtxVariable> formals(int line, @Nullable String list) {
    List<PtxVariable> out = new ArrayList<>();
    if (list != null) {
      for (String formal : PtxScanner.split(list.strip())) {
        if (formal.startsWith(".reg")) {
          throw new PtxException(line, "unsupported register parameter \"" + formal + "\"");
        }
        out.add(variable(line, formal));
      }
    }
    return List.copyOf(out);
  }

  /** Reads a variable's declaration, without its semicolon. */
  static PtxVariable variable(int line, String declaration) {
    Matcher m = VARIABLE.matcher(declaration.strip());
    if (!m.matches()) {
      throw new PtxException(line, "cannot read the declaration \"" + declaration + "\"");
    }
    String type = m.group(3);
    int size;
    try {
      size = PtxVariable.size(type);
    } catch (IllegalArgumentException e) {
      throw new PtxException(line, e.getMessage() + " in \"" + declaration + "\"");
    }
    String modifiers = m.group(2);
    size *= modifiers.contains(".v2") ? 2 : modifiers.contains(".v4") ? 4 : 1;
    Matcher align = ALIGN.matcher(modifiers);
    int alignment = align.find() ? Integer.parseInt(align.group(1)) : size;
    long count = 1;
    boolean unsized = false;
    List<String> initialiser = initialiser(m.group(7));
    for (String extent : m.group(6).replace('[', ' ').split("\\]", 0)) {
      String digits = extent.strip();
      if (!digits.isEmpty()) {
        count *= Integer.decode(digits);
      } else if (!m.group(6).isEmpty()) {
        unsized = true;
      }
    }
    if (unsized) {
      count = initialiser.size();
      unsized = initialiser.isEmpty();
    }
    return new PtxVariable(
        line,
        m.group(1),
        type,
        m.group(5),
        alignment,
        Math.toIntExact(count * size),
        unsized,
        initialiser);
  }

  private static List<String> initialiser(@Nullable String text) {
    if (text == null) {
      return List.of();
    }
    String list = text.strip();
    if (!list.startsWith("{")) {
      return List.of(list);
    }
    // Nested braces only group the elements of arrays of arrays.
    return PtxScanner.split(list.replace('{', ' ').replace('}', ' '));
  }

  private PtxFunction withFiles(PtxFunction f) {
    List<PtxInstruction> body = new ArrayList<>(f.body().size());
    Map<String, SourceLine> known = new HashMap<>();
    for (PtxInstruction in : f.body()) {
      String source = in.where().source();
      if (source == null) {
        body.add(in);
        continue;
      }
      int colon = source.indexOf(':');
      String name =
          files.getOrDefault(Integer.valueOf(source.substring(0, colon)), "file " + source);
      SourceLine where =
          known.computeIfAbsent(
              in.where().ptxLine() + " " + source,
              key -> new SourceLine(in.where().ptxLine(), name + source.substring(colon)));
      body.add(
          new PtxInstruction(where, in.guard(), in.guardNegated(), in.opcode(), in.operands()));
    }
    return new PtxFunction(
        f.line(),
        f.name(),
        f.kernel(),
        f.returns(),
        f.parameters(),
        f.attributes(),
        f.registers(),
        f.variables(),
        f.labels(),
        f.tables(),
        List.copyOf(body));
  }
}
