import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Builds the PTX of kernels that changed since the snapshot was made, where nvcc and ptxas are on
 * the path; everything else is taken from the snapshot, which is what they would write.
 *
 * <p>Arguments: the module's folder, the output folder of its classes, a folder to work in.
 */
final class PtxBuild {
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(?:common/)?(.*)\"$");
  private static final String PTX = "org/touchstone/backends/cuda/ptx";

  private PtxBuild() {}

  public static void main(String[] args) throws Exception {
    Path sources = Path.of(args[0], "src", "main", "cuda");
    Path snapshot = Path.of(args[0], "src", "main", "resources", PTX);
    List<String> stale = stale(sources, snapshot);
    if (stale.isEmpty()) {
      return;
    }
    if (!onPath("nvcc") || !onPath("ptxas")) {
      System.err.println(
          "the PTX of "
              + stale
              + " is older than its source, and nvcc is not there to build it: install the CUDA"
              + " toolkit");
      return;
    }
    Path work = Path.of(args[2]);
    Path resources = work.resolve("resources").resolve(PTX);
    copy(sources, work.resolve("cuda"));
    copy(snapshot, resources);
    List<String> command = new ArrayList<>(List.of("bash", "build-ptx.sh"));
    command.addAll(stale);
    Process build =
        new ProcessBuilder(command).directory(work.resolve("cuda").toFile()).inheritIO().start();
    if (build.waitFor() != 0) {
      System.exit(1);
    }
    copy(resources, Path.of(args[1], PTX));
  }

  /** Returns the modules whose sources are not those that the snapshot was built from. */
  private static List<String> stale(Path sources, Path snapshot) throws Exception {
    String index = Files.readString(snapshot.resolve("index.txt"));
    List<String> stale = new ArrayList<>();
    try (Stream<Path> files = Files.list(sources)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".cu")).sorted().toList()) {
        if (!index.contains(" " + hash(sources, file) + "\n")) {
          stale.add(file.getFileName().toString().replace(".cu", ""));
        }
      }
    }
    return stale;
  }

  private static String hash(Path sources, Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(Files.readAllBytes(sources.resolve("build-ptx.sh")));
    digest.update(Files.readAllBytes(file));
    Set<String> included = new TreeSet<>();
    includes(sources, file, included);
    for (String name : included) {
      digest.update(Files.readAllBytes(sources.resolve("common").resolve(name)));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void includes(Path sources, Path file, Set<String> names) throws IOException {
    Matcher matcher = INCLUDE.matcher(Files.readString(file, StandardCharsets.UTF_8));
    while (matcher.find()) {
      if (names.add(matcher.group(1))) {
        includes(sources, sources.resolve("common").resolve(matcher.group(1)), names);
      }
    }
  }

  private static boolean onPath(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            Path target = to.resolve(from.relativize(file).toString());
            try {
              if (Files.isDirectory(file)) {
                Files.createDirectories(target);
              } else {
                Files.createDirectories(target.getParent());
                Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }
}
