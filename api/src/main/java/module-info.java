/** The hardware abstraction layer that applications compile against. */
module org.touchstone.api {
  requires static transitive org.jspecify;

  exports org.touchstone.api;
  exports org.touchstone.api.format;
  exports org.touchstone.api.op;

  uses org.touchstone.api.HalFactory;
}
