package org.touchstone.backends.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Setting.Origin;

class ConfigurationTest {
  private static final SettingKey LIMIT =
      new SettingKey("test.limit-of.things", "5", "a setting of this test");

  @TempDir private Path folder;

  private Map<String, String> environment(String... more) throws IOException {
    Map<String, String> variables = new HashMap<>();
    variables.put("XDG_CONFIG_HOME", folder.toString());
    for (int i = 0; i < more.length; i += 2) {
      variables.put(more[i], more[i + 1]);
    }
    return variables;
  }

  private Path writeFile(String content) throws IOException {
    Path file =
        Files.createDirectories(folder.resolve("touchstone")).resolve("touchstone.properties");
    return Files.writeString(file, content);
  }

  @Test
  void prefers_code_then_property_then_environment_then_file_then_default() throws IOException {
    assertThat(LIMIT.property()).isEqualTo("touchstone.test.limit-of.things");
    assertThat(LIMIT.variable()).isEqualTo("TOUCHSTONE_TEST_LIMIT_OF_THINGS");
    assertSetting(Configuration.of(Map.of(), environment()), "5", Origin.DEFAULT, "default");

    Path file = writeFile("test.limit-of.things = 4\n");
    assertSetting(Configuration.of(Map.of(), environment()), "4", Origin.FILE, file.toString());

    Map<String, String> variables = environment("TOUCHSTONE_TEST_LIMIT_OF_THINGS", "3");
    assertSetting(
        Configuration.of(Map.of(), variables),
        "3",
        Origin.ENVIRONMENT,
        "TOUCHSTONE_TEST_LIMIT_OF_THINGS");

    System.setProperty(LIMIT.property(), "2");
    try {
      Configuration configuration = Configuration.of(Map.of(), variables);
      assertSetting(configuration, "2", Origin.PROPERTY, "-Dtouchstone.test.limit-of.things");
      assertSetting(
          Configuration.of(Map.of(LIMIT.name(), "1"), variables),
          "1",
          Origin.CODE,
          "set by the program");
      System.setProperty(LIMIT.property(), "22");
      assertThat(configuration.setting(LIMIT).value()).as("read each time").isEqualTo("22");
    } finally {
      System.clearProperty(LIMIT.property());
    }
  }

  private static void assertSetting(
      Configuration configuration, String value, Origin origin, String place) {
    assertThat(configuration.setting(LIMIT))
        .isEqualTo(new Setting(LIMIT.name(), value, origin, place));
    assertThat(configuration.text(LIMIT.name()).isPresent()).isEqualTo(origin != Origin.DEFAULT);
  }

  @Test
  void reads_the_file_that_is_named() throws IOException {
    Path other = folder.resolve("other.properties");
    Files.writeString(other, "touchstone.test.limit-of.things = 7\nname = Zürich\n");
    Configuration configuration =
        Configuration.of(Map.of(), environment("TOUCHSTONE_CONFIG", other.toString()));
    assertThat(configuration.configurationFile()).isEqualTo(other);
    assertSetting(configuration, "7", Origin.FILE, other.toString());
    assertThat(configuration.text("name")).contains("Zürich");
  }

  @Test
  void refuses_a_file_that_it_cannot_read() throws IOException {
    Configuration missing =
        Configuration.of(Map.of("config", folder.resolve("none").toString()), environment());
    assertFails(ErrorCode.CONFIGURATION, () -> missing.setting(LIMIT))
        .hasMessageContaining("configuration file " + folder.resolve("none") + " does not exist");
    writeFile("key = \\u12");
    Configuration malformed = Configuration.of(Map.of(), environment());
    assertFails(ErrorCode.CONFIGURATION, () -> malformed.setting(LIMIT))
        .hasMessageContaining("cannot be read");
  }

  @Test
  void finds_the_users_folders() throws IOException {
    Configuration configuration =
        Configuration.of(Map.of(), environment("XDG_CACHE_HOME", "/var/fast"));
    assertThat(configuration.cacheFolder()).isEqualTo(Path.of("/var/fast/touchstone"));
    assertThat(configuration.configurationFile())
        .isEqualTo(folder.resolve("touchstone/touchstone.properties"));
    Path home = Path.of(System.getProperty("user.home"));
    Configuration relative = Configuration.of(Map.of(), Map.of("XDG_CACHE_HOME", "not/absolute"));
    assertThat(relative.cacheFolder()).isEqualTo(home.resolve(".cache/touchstone"));
    assertThat(relative.configurationFile())
        .isEqualTo(home.resolve(".config/touchstone/touchstone.properties"));
    assertThat(Configuration.of(Map.of("cache.dir", "/x/y"), environment()).cacheFolder())
        .isEqualTo(Path.of("/x/y"));
  }

  private static Setting of(String value) {
    return new Setting("k", value, Origin.FILE, "/etc/t.properties");
  }

  @ParameterizedTest
  @CsvSource({
    "250ms,250",
    "10s,10000",
    "2m,120000",
    "3 min,180000",
    "1h,3600000",
    "77,77",
    " 5 S ,5000"
  })
  void reads_durations(String text, long milliseconds) {
    assertThat(of(text).duration()).isEqualTo(Duration.ofMillis(milliseconds));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "-1s",
        "1.5s",
        "s",
        "10 days",
        "99999999999999999999",
        "9223372036854775807h"
      })
  void refuses_other_durations(String text) {
    assertFails(ErrorCode.CONFIGURATION, () -> of(text).duration())
        .hasMessageStartingWith(
            "touchstone.k is '" + text + "' (/etc/t.properties), expected a duration");
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "4096,4096",
    "64k,65536",
    "64 KiB,65536",
    "3m,3145728",
    "2G,2147483648",
    "7b,7"
  })
  void reads_sizes(String text, long bytes) {
    assertThat(of(text).bytes()).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "1t", "k", "9223372036854775807g", "0x10"})
  void refuses_other_sizes(String text) {
    assertFails(ErrorCode.CONFIGURATION, () -> of(text).bytes())
        .hasMessageContaining("expected a size such as 4096, 64k, 512m or 2g");
  }

  @Test
  void reads_numbers_switches_lists_and_choices() {
    assertThat(of(" 7 ").number(1, 9)).isEqualTo(7);
    for (String wrong : List.of("0", "10", "x", "")) {
      assertFails(ErrorCode.CONFIGURATION, () -> of(wrong).number(1, 9))
          .hasMessageContaining("expected an integer from 1 to 9");
    }
    assertThat(List.of("true", "ON", "yes", " 1 ")).allMatch(text -> of(text).isOn());
    assertThat(List.of("false", "Off", "no", "0")).noneMatch(text -> of(text).isOn());
    assertFails(ErrorCode.CONFIGURATION, () -> of("maybe").isOn())
        .hasMessageContaining("expected true or false");
    assertThat(of(" a, b ,,c ").list()).containsExactly("a", "b", "c");
    assertThat(of("").list()).isEmpty();
    assertThat(of("Environment").choice(Origin.class)).isEqualTo(Origin.ENVIRONMENT);
    assertFails(ErrorCode.CONFIGURATION, () -> of("enviroment").choice(Origin.class))
        .hasMessageContaining(
            "one of [code, property, environment, file, default]; did you mean 'environment'?");
    Configuration configuration = Configuration.of(Map.of("a", "12"), Map.of());
    assertThat(configuration.number("a", 3, 0, 20)).isEqualTo(12);
    assertThat(configuration.number("b", 3, 0, 20)).isEqualTo(3);
    assertFails(ErrorCode.CONFIGURATION, () -> configuration.number("a", 3, 0, 11));
  }

  @Test
  void notices_settings_that_nothing_reads() throws IOException {
    writeFile("probe.timout = 5\nprobe.timeout = 6\n");
    Configuration configuration =
        Configuration.of(
            Map.of("leak", "trace", "gpu.streams", "4", "test.own", "x"),
            environment(
                "TOUCHSTONE_CACHE_DIRR", "/x",
                "TOUCHSTONE_CACHE_DIR", "/y",
                "TOUCHSTONE_TEST_TIER", "full",
                "OTHER", "z"));
    assertThat(Settings.unknown(configuration, Set.of("gpu", "cache")))
        .containsExactly(
            "setting cache.dirr (TOUCHSTONE_CACHE_DIRR) is not known and has no effect; did you"
                + " mean 'cache.dir'?",
            "setting leak (set by the program) is not known and has no effect; did you mean"
                + " 'leaks'?",
            "setting probe.timout ("
                + folder.resolve("touchstone/touchstone.properties")
                + ") is not known and has no effect; did you mean 'probe.timeout'?");
    assertThat(Settings.unknown(configuration, Set.of())).hasSize(4);
  }

  @Test
  void lists_every_setting_with_its_origin() throws IOException {
    writeFile("leaks = trace\n");
    List<Setting> settings =
        Settings.effective(Configuration.of(Map.of("cache.readonly", "on"), environment()));
    assertThat(settings).extracting(Setting::name).isSorted().doesNotHaveDuplicates();
    assertThat(settings)
        .contains(
            new Setting("cache.readonly", "on", Origin.CODE, "set by the program"),
            new Setting(
                "leaks",
                "trace",
                Origin.FILE,
                folder.resolve("touchstone/touchstone.properties").toString()));
    assertThat(Settings.known())
        .extracting(SettingKey::name)
        .contains(
            "backends.exclude",
            "cache.dir",
            "cache.readonly",
            "config",
            "leaks",
            "probe.timeout",
            "queue.workspace.max")
        .hasSameSizeAs(settings);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Upper", "a..b", "a b", ".a", "1a"})
  void refuses_names_that_cannot_be_variables(String name) {
    assertFails(ErrorCode.INTERNAL, () -> new SettingKey(name, "", "x"))
        .isInstanceOf(HalException.class);
  }

  @Test
  void guesses_what_a_user_meant() {
    Set<String> names = Set.of("cpu://simd", "cpu://reference", "cuda://0");
    assertThat(Nearest.of("cpu://smd", names)).contains("cpu://simd");
    assertThat(Nearest.of("cpu://refrence", names)).contains("cpu://reference");
    assertThat(Nearest.of("opencl://pocl/0", names)).isEmpty();
    assertThat(Nearest.of("", names)).isEmpty();
    assertThat(Nearest.hint("cuda://1", names)).isEqualTo("; did you mean 'cuda://0'?");
    assertThat(Nearest.hint("zzz", names)).isEmpty();
  }
}
