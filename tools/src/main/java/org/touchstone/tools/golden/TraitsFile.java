package org.touchstone.tools.golden;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Chain;
import org.touchstone.api.HalException;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Ulps;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What somebody's kernels declare, as JSON:
 *
 * <pre>
 * {"accumulator": "F32",                        or "F64" or {"promoted_every": 128, "steps": 4}
 *  "chain": {"lanes": 8, "block": 128, "extra": 3},
 *  "subnormals": {"inputs": "KEPT", "accumulator": "FLUSHED"},
 *  "ulps": {"exp": 2, "rsqrt": 1, "div": 0.5, "log": 2, "trig": 2}}
 * </pre>
 *
 * Every member may be absent and is then that of a plain FP32 kernel that adds in sequence.
 */
public final class TraitsFile {
  private static final Set<String> MEMBERS = Set.of("accumulator", "chain", "subnormals", "ulps");

  private TraitsFile() {}

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException naming what is wrong with it
   */
  public static KernelTraits read(Path file) throws IOException {
    try {
      JsonNode root = JsonMapper.builder().build().readTree(Files.readString(file));
      for (String name : root.propertyNames()) {
        if (!MEMBERS.contains(name)) {
          throw new IllegalArgumentException("'" + name + "' is none of " + MEMBERS);
        }
      }
      KernelTraits traits = KernelTraits.PLAIN_F32;
      if (root.has("accumulator")) {
        traits = traits.with(accumulator(root.get("accumulator")));
      }
      if (root.has("chain")) {
        JsonNode chain = root.get("chain");
        traits =
            traits.with(
                new Chain(
                    chain.required("lanes").asLong(),
                    chain.path("block").asLong(Long.MAX_VALUE),
                    chain.path("extra").asLong(0)));
      }
      if (root.has("subnormals")) {
        JsonNode node = root.get("subnormals");
        traits =
            traits.with(new Subnormals(handling(node, "inputs"), handling(node, "accumulator")));
      }
      if (root.has("ulps")) {
        traits = traits.with(ulps(root.get("ulps"), traits.ulps()));
      }
      return traits;
    } catch (JacksonException | IllegalArgumentException | HalException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static Accumulator accumulator(JsonNode node) {
    if (node.isObject()) {
      return new Accumulator(
          Accumulator.Kind.REDUCED,
          node.required("promoted_every").asInt(),
          node.required("steps").asInt());
    }
    return switch (node.asString()) {
      case "F32" -> Accumulator.F32;
      case "F64" -> Accumulator.F64;
      default ->
          throw new IllegalArgumentException(
              "accumulator is " + node + ", expected F32, F64 or an object");
    };
  }

  private static Subnormals.Handling handling(JsonNode node, String name) {
    return Subnormals.Handling.valueOf(node.path(name).asString("KEPT"));
  }

  private static Ulps ulps(JsonNode node, Ulps usual) {
    return new Ulps(
        node.path("exp").asDouble(usual.exp()),
        node.path("rsqrt").asDouble(usual.rsqrt()),
        node.path("div").asDouble(usual.div()),
        node.path("log").asDouble(usual.log()),
        node.path("trig").asDouble(usual.trig()));
  }
}
