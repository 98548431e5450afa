/** The backend SPI and the services that backends share. */
module org.touchstone.backends {
  requires transitive org.touchstone.api;
}
