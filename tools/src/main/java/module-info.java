/** The {@code touchstone} command line. */
module org.touchstone.tools {
  requires ascii.table;
  requires info.picocli;
  requires org.apache.arrow.memory.core;
  requires org.apache.arrow.vector;
  requires org.touchstone.conformance;
  requires tools.jackson.databind;

  opens org.touchstone.tools.cli to
      info.picocli;

  uses org.touchstone.backends.spi.ToolCommand;
}
