import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.tools.Builder;

/**
 * Builds the native micro-kernels; Maven runs it with the toolchain's JVM: {@code java
 * NativeBuild.java SOURCES CLASSES WORK}. Each instruction set is one object with its own flags,
 * and JavaCPP generates and links what binds them to Java. Without a compiler the build goes on,
 * and the classes say why there is no library.
 *
 * <p>With the header that imitates AVX-512 as a fourth argument, it builds the library that tests
 * load on processors without: the same sources on AVX2, left in WORK.
 */
final class NativeBuild {
  private static final List<String> CLASSES =
      List.of(
          "org.touchstone.backends.cpu.micro.NativeCalls",
          "org.touchstone.backends.cpu.micro.NativeRows");
  private static final String PACKAGE = "org/touchstone/backends/cpu/micro";
  private static final String LIBRARY = "touchstone_cpu";
  private static final String AVX2 = "-mavx2 -mfma -mf16c";
  private static final String AVX512 = AVX2 + " -mavx512f -mavx512bw -mavx512dq -mavx512vl";

  /** No fast-math flag: some of them switch subnormals off for the thread that loads the library. */
  private static final String COMMON =
      "-std=c++17 -O3 -fPIC -Wall -Wextra -Werror -Wno-psabi -Wno-maybe-uninitialized"
          + " -ffp-contract=off -fno-math-errno";

  /** Spelled-out instructions are much code: more than this much optimisation takes minutes. */
  private static final String IMITATED = "-std=c++17 -O1 -fPIC -Wno-psabi -ffp-contract=off -fno-math-errno ";

  /** A source and the flags of its instruction set. */
  private record Unit(String source, String flags) {}

  private static final List<Unit> EVERYWHERE =
      List.of(new Unit("dispatch.cpp", ""), new Unit("isa_portable.cpp", ""));
  private static final List<Unit> X86 =
      List.of(
          new Unit("isa_avx2.cpp", AVX2),
          new Unit("isa_avx512.cpp", AVX512),
          new Unit(
              "isa_avx512_bf16.cpp", AVX512 + " -mavx512vbmi -mavx512vnni -mavx512bf16"));

  private final Path sources;
  private final Path classes;
  private final Path work;
  private final Path library;

  private NativeBuild(Path sources, Path classes, Path work, Path library) {
    this.sources = sources;
    this.classes = classes;
    this.work = work;
    this.library = library;
  }

  public static void main(String[] args) throws Exception {
    Path sources = absolute(args[0]);
    Path classes = absolute(args[1]);
    Path work = absolute(args[2]);
    String name = System.mapLibraryName(LIBRARY);
    if (args.length == 4) {
      new NativeBuild(sources, classes, work, work.resolve("library").resolve(name))
          .imitate(absolute(args[3]));
    } else {
      Path folder = classes.resolve(PACKAGE).resolve(Loader.getPlatform());
      new NativeBuild(sources, classes, work, folder.resolve(name)).run();
    }
  }

  private static Path absolute(String path) {
    return Path.of(path).toAbsolutePath().normalize();
  }

  private void run() throws Exception {
    Path report = classes.resolve(PACKAGE).resolve("native-build.properties");
    if (Files.exists(report)
        && Files.readString(report).startsWith("library=")
        && isCurrent(List.of(sources))) {
      return;
    }
    Optional<String> compiler = compiler();
    if (compiler.isEmpty()) {
      Files.deleteIfExists(library);
      String reason =
          "this build has no native library: no C++ compiler (tried CXX, g++, c++ and clang++)";
      Files.writeString(report, "reason=" + reason + "\n");
      System.out.println("[WARNING] " + reason + "; cpu://simd will run its Vector API kernels");
      return;
    }
    List<Unit> units = new ArrayList<>(EVERYWHERE);
    if (Loader.getPlatform().endsWith("x86_64")) {
      units.addAll(X86);
    }
    build(
        compiler.get(),
        units.stream().map(u -> new Unit(u.source(), COMMON + " " + u.flags())).toList());
    String name = Loader.getPlatform() + "/" + library.getFileName();
    Files.writeString(report, "library=" + name + "\n");
  }

  /** Builds the library whose AVX-512 is imitated, where the compiler finds SIMDe. */
  private void imitate(Path header) throws Exception {
    Optional<String> compiler = compiler();
    if (isCurrent(List.of(sources, header.getParent()))) {
      return;
    }
    Files.deleteIfExists(library);
    if (compiler.isEmpty()
        || !Loader.getPlatform().endsWith("x86_64")
        || run(List.of(compiler.get(), "-E", header.toString())) != 0) {
      System.out.println("[WARNING] AVX-512 is not imitated: no x86 compiler that finds SIMDe");
      return;
    }
    List<Unit> units = new ArrayList<>();
    for (Unit unit : Stream.concat(EVERYWHERE.stream(), X86.stream()).toList()) {
      String flags = COMMON + " " + unit.flags();
      if (unit.source().contains("avx512")) {
        // Registers of 512 bits, which inline assembly names, are the only thing that no header imitates.
        flags = IMITATED + AVX2 + " -Dasm(...)= -include " + header;
      } else if (unit.source().equals("dispatch.cpp")) {
        flags += " -D__builtin_cpu_supports(x)=1";
      }
      units.add(new Unit(unit.source(), flags));
    }
    build(compiler.get(), units);
  }

  private void build(String compiler, List<Unit> units) throws Exception {
    Files.createDirectories(library.getParent());
    Files.createDirectories(work);
    link(compiler, compile(compiler, units));
  }

  /** Returns whether the library is newer than everything that it is made of. */
  private boolean isCurrent(List<Path> folders) throws IOException {
    if (!Files.exists(library)) {
      return false;
    }
    FileTime built = Files.getLastModifiedTime(library);
    List<Path> inputs = new ArrayList<>();
    for (Path folder : folders) {
      try (Stream<Path> files = Files.list(folder)) {
        files.forEach(inputs::add);
      }
    }
    CLASSES.forEach(name -> inputs.add(classes.resolve(name.replace('.', '/') + ".class")));
    for (Path input : inputs) {
      if (Files.getLastModifiedTime(input).compareTo(built) > 0) {
        return false;
      }
    }
    return true;
  }

  private static Optional<String> compiler() {
    return Stream.of(System.getenv().getOrDefault("CXX", ""), "g++", "c++", "clang++")
        .filter(command -> !command.isBlank() && works(command))
        .findFirst();
  }

  private static boolean works(String command) {
    try {
      return run(List.of(command, "--version")) == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a short command without output; returns its exit status, 1 when it does not end. */
  private static int run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (process.waitFor(5, TimeUnit.MINUTES)) {
      return process.exitValue();
    }
    process.destroyForcibly();
    return 1;
  }

  /** Compiles all units side by side and returns the objects. */
  private List<String> compile(String compiler, List<Unit> units) throws Exception {
    List<Process> processes = new ArrayList<>();
    List<String> objects = new ArrayList<>();
    for (Unit unit : units) {
      Path object = work.resolve(unit.source().replace(".cpp", ".o"));
      List<String> command = new ArrayList<>(List.of(compiler));
      command.addAll(List.of(unit.flags().strip().split(" +")));
      command.addAll(List.of("-c", sources.resolve(unit.source()).toString(), "-o", object.toString()));
      processes.add(new ProcessBuilder(command).inheritIO().start());
      objects.add(object.toString());
    }
    boolean failed = false;
    for (Process process : processes) {
      failed |= process.waitFor() != 0;
    }
    if (failed) {
      throw new IllegalStateException(
          "the native micro-kernels do not compile, see above; g++ 12 and clang 16 are known to"
              + " work, CXX chooses another");
    }
    return objects;
  }

  private void link(String compiler, List<String> objects) throws Exception {
    List<String> options = new ArrayList<>(List.of("-I" + sources));
    options.addAll(objects);
    Builder builder =
        new Builder()
            .classPaths(classes.toString())
            .outputDirectory(work.toString())
            .property("platform.compiler", compiler)
            .compilerOptions(options.toArray(String[]::new))
            .classesOrPackages(CLASSES.toArray(String[]::new));
    File[] outputs = builder.build();
    Path linked = work.resolve(library.getFileName());
    if (outputs == null || outputs.length == 0 || !Files.exists(linked)) {
      throw new IllegalStateException("JavaCPP linked no " + linked);
    }
    Files.copy(linked, library, StandardCopyOption.REPLACE_EXISTING);
  }
}
