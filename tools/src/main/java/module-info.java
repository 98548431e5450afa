/** The {@code touchstone} command line. */
module org.touchstone.tools {
  requires ascii.table;
  requires info.picocli;
  requires org.apache.arrow.memory.core;
  // Found by name, so nothing else would resolve it.
  requires org.apache.arrow.memory.unsafe;
  requires org.apache.arrow.vector;
  requires org.touchstone.conformance;
  requires tools.jackson.databind;

  opens org.touchstone.tools.cli to
      info.picocli;

  uses org.touchstone.backends.spi.ToolCommand;
}
