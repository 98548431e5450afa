package org.touchstone.backends.opencl.driver;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code .cl} resources. */
public final class KernelSources {
  /** Every resource that holds kernels, in alphabetical order. */
  public static final List<String> ALL =
      List.of(
          "add.cl",
          "attention.cl",
          "attention_decode.cl",
          "cast.cl",
          "dequantize.cl",
          "gated_act.cl",
          "mla.cl",
          "moe_forward.cl",
          "moe_permute.cl",
          "moe_route.cl",
          "packing.cl",
          "product.cl",
          "product_packed.cl",
          "quantize.cl",
          "rms_norm.cl",
          "rope.cl",
          "rows.cl",
          "sample.cl");

  /** What every kernel may use: number formats and correctly rounded arithmetic. */
  private static final String PRELUDE = "prelude.cl";

  private static final Pattern INCLUDE = Pattern.compile("#include \"([^\"]+)\"");

  private KernelSources() {}

  /** Returns a resource with everything that it includes, behind the prelude. */
  static String program(String resource) {
    return program(resource, KernelEdit.NONE);
  }

  /** Returns the same with a change. */
  static String program(String resource, KernelEdit edit) {
    return source(PRELUDE, edit) + source(resource, edit);
  }

  /** Returns a text behind the prelude. */
  static String afterPrelude(String text) {
    return source(PRELUDE, KernelEdit.NONE) + text;
  }

  /** Returns the SHA-256 of all kernels with what they include. */
  public static String hash() {
    return Hash.VALUE;
  }

  private static final class Hash {
    static final String VALUE = compute();

    private Hash() {}

    private static String compute() {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String resource : ALL) {
          digest.update(program(resource).getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }

  /**
   * Replaces includes by the resources that they name; a line number in a build log counts from the
   * start of the file that it names.
   */
  private static String source(String resource, KernelEdit edit) {
    StringBuilder whole = new StringBuilder("#line 1 \"" + resource + "\"\n");
    int number = 0;
    for (String line : edit.read(resource).lines().toList()) {
      number++;
      Matcher include = INCLUDE.matcher(line);
      if (include.matches()) {
        whole.append(source(include.group(1), edit));
        whole.append("#line ").append(number + 1).append(" \"").append(resource).append("\"\n");
      } else {
        whole.append(line).append('\n');
      }
    }
    return whole.toString();
  }
}
