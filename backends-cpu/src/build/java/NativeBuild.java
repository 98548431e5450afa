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

  private NativeBuild(Path sources, Path classes, Path work) {
    this.sources = sources;
    this.classes = classes;
    this.work = work;
  }

  public static void main(String[] args) throws Exception {
    new NativeBuild(absolute(args[0]), absolute(args[1]), absolute(args[2])).run();
  }

  private static Path absolute(String path) {
    return Path.of(path).toAbsolutePath().normalize();
  }

  private void run() throws Exception {
    String platform = Loader.getPlatform();
    String name = platform + "/" + System.mapLibraryName(LIBRARY);
    Path library = classes.resolve(PACKAGE).resolve(name);
    Path report = classes.resolve(PACKAGE).resolve("native-build.properties");
    if (isCurrent(library, report)) {
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
    Files.createDirectories(library.getParent());
    Files.createDirectories(work);
    List<String> objects = compile(compiler.get(), platform.endsWith("x86_64"));
    link(compiler.get(), objects, library);
    Files.writeString(report, "library=" + name + "\n");
  }

  /** Returns whether the library is newer than everything that it is made of. */
  private boolean isCurrent(Path library, Path report) throws IOException {
    if (!Files.exists(library) || !Files.readString(report).startsWith("library=")) {
      return false;
    }
    FileTime built = Files.getLastModifiedTime(library);
    List<Path> inputs = new ArrayList<>();
    try (Stream<Path> files = Files.list(sources)) {
      files.forEach(inputs::add);
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
      Process process =
          new ProcessBuilder(command, "--version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Compiles all units side by side and returns the objects. */
  private List<String> compile(String compiler, boolean x86) throws Exception {
    List<Unit> units = new ArrayList<>(EVERYWHERE);
    if (x86) {
      units.addAll(X86);
    }
    List<Process> processes = new ArrayList<>();
    List<String> objects = new ArrayList<>();
    for (Unit unit : units) {
      Path object = work.resolve(unit.source().replace(".cpp", ".o"));
      List<String> command = new ArrayList<>(List.of(compiler));
      command.addAll(List.of(COMMON.split(" ")));
      if (!unit.flags().isEmpty()) {
        command.addAll(List.of(unit.flags().split(" ")));
      }
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

  private void link(String compiler, List<String> objects, Path library) throws Exception {
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
