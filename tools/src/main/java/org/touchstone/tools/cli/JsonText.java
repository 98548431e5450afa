package org.touchstone.tools.cli;

import java.io.PrintStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes JSON. */
final class JsonText {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private JsonText() {}

  /** Starts a document of the first version of its schema. */
  static ObjectNode document() {
    return MAPPER.createObjectNode().put("schema", 1);
  }

  static void write(JsonNode node, PrintStream target) {
    target.println(MAPPER.writeValueAsString(node));
  }
}
