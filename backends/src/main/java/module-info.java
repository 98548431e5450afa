/** The HAL, the backend SPI and the services that backends share. */
module org.touchstone.backends {
  requires static transitive org.jspecify;
  requires transitive org.touchstone.api;
  requires java.management;

  exports org.touchstone.backends;
  exports org.touchstone.backends.config;
  exports org.touchstone.backends.host;
  exports org.touchstone.backends.memory;
  exports org.touchstone.backends.oracle;
  exports org.touchstone.backends.spi;
  exports org.touchstone.backends.worker;

  provides org.touchstone.api.HalFactory with
      org.touchstone.backends.hal.TouchstoneHalFactory;
  provides org.touchstone.backends.config.SettingSource with
      org.touchstone.backends.config.SharedSettings;

  uses org.touchstone.backends.config.SettingSource;
  uses org.touchstone.backends.oracle.Oracle;
  uses org.touchstone.backends.spi.BackendProvider;
  uses org.touchstone.backends.spi.MutantSource;
  uses org.touchstone.backends.spi.ToolCommand;
  uses org.touchstone.backends.spi.WorkerProfile;
}
