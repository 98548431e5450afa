package org.touchstone.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Arrow implementation for JavaScript, which shares no code with that for Java. */
public final class ArrowInJavaScript {
  private static final Path FOLDER = Path.of("target", "npm");
  private static final List<String> FILES =
      List.of("package.json", "package-lock.json", "arrow.mjs");
  private static final List<String> INSTALL =
      List.of("ci", "--ignore-scripts", "--no-audit", "--no-fund");

  private static boolean installed;

  private ArrowInJavaScript() {}

  /** Runs the script; installs the pinned packages into the build folder first. */
  public static JsonNode run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(node(), "arrow.mjs"));
    command.addAll(List.of(arguments));
    install();
    OutsideProgram run = OutsideProgram.run(FOLDER, command);
    assertThat(run.exit()).as(run.err()).isZero();
    return JsonMapper.builder().build().readTree(run.out());
  }

  private static String node() throws Exception {
    return OutsideProgram.find(
        "npm", "npm", List.of(List.of("node", "--version"), List.of("nodejs", "--version")));
  }

  private static synchronized void install() throws Exception {
    if (installed) {
      return;
    }
    String npm = OutsideProgram.find("npm", "npm", List.of(List.of("npm", "--version")));
    Files.createDirectories(FOLDER);
    for (String file : FILES) {
      Files.copy(
          Path.of("src", "test", "npm", file),
          FOLDER.resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
    }
    List<String> command = new ArrayList<>(List.of(npm));
    command.addAll(INSTALL);
    // What an earlier run fetched is enough, and spares the network.
    command.add("--prefer-offline");
    OutsideProgram install = OutsideProgram.run(FOLDER, command);
    if (install.exit() != 0) {
      throw OutsideProgram.absent(
          "npm",
          "npm cannot install apache-arrow: "
              + install.err().strip().replaceAll("\\s+", " ")
              + "; connect it to a registry");
    }
    installed = true;
  }
}
