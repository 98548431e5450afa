package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.tools.model.ExampleModel;
import tools.jackson.databind.JsonNode;

class TouchstoneCliTest {
  private static final String MODEL = ExampleModel.folder().toString();

  @TempDir Path folder;

  @Test
  void withoutArgumentsTheUsageGoesToStderr() {
    Invocation run = Invocation.of();

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .contains("Usage: touchstone", "devices", "explain", "conformance", "run", "env")
        .contains("echo-verb")
        .contains("Repeats its arguments.");
  }

  @Test
  void requestedHelpIsData() {
    Invocation run = Invocation.of("run", "--help");

    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("--model=DIR", "--score=FILE");
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "divices",
        "devices --nonsense",
        "devices --format yaml",
        "devices surplus",
        "explain",
        "explain gemm_fp9",
        "explain gemm --prefer tpu",
        "run --prompt x",
        "run --model nowhere --prompt x",
        "run --model MODEL",
        "run --model MODEL --prompt x --score y",
        "run --model MODEL --score nowhere.txt --device cpu://simd",
        "run --model MODEL --prompt x --temperature -1",
        "run --model MODEL --prompt x --max-tokens 5000 --device cpu://simd",
        "run --model MODEL --prompt x --expect y",
        "conformance --level L9",
        "conformance --shard 3/2",
        "merge",
        "merge nowhere.json",
        "diff nowhere.json nowhere.json",
        "bench --op nonsense",
        "bench --op rope_freqs",
        "bench --samples 1",
        "bench --device cpu://none",
        "conformance --op no_such_operator",
        "conformance --format pdf",
      })
  void requestsThatMakeNoSenseExitWithTwo(String line) {
    Invocation run = Invocation.of(line.replace("MODEL", MODEL).split(" "));

    assertThat(run.exit()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("touchstone: ").doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run --model MODEL --prompt x --device gpu://none",
        "explain gemm_fp32 --device cpu://none",
        "conformance --require cpu://none --device cpu://simd --op gemm_fp32 --level L0",
      })
  void missingDevicesExitWithThree(String line) {
    Invocation run = Invocation.of(line.replace("MODEL", MODEL).split(" "));

    assertThat(run.exit()).as(run.err()).isEqualTo(3);
    assertThat(run.err()).doesNotContain("\tat ");
  }

  @Test
  void anUnusableModelIsNamed() {
    Invocation run = Invocation.of("run", "--model", folder.toString(), "--prompt", "x");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err())
        .contains(
            folder.resolve("model.safetensors")
                + ": expected a safetensors file, got no such file");
  }

  @Test
  void otherVocabulariesAreRefused() throws IOException {
    ExampleModel.writeConfig(folder, config -> config.put("vocab_size", 257));
    ExampleModel.writeCheckpoint(
        folder,
        contents -> {
          for (String name : new String[] {"lm_head.weight", "model.embed_tokens.weight"}) {
            contents.put(
                name,
                new ExampleModel.Content(
                    org.touchstone.api.format.DType.BF16,
                    org.touchstone.api.Shape.of(257, 192),
                    java.lang.foreign.MemorySegment.ofArray(new byte[257 * 192 * 2])));
          }
        });
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    Invocation run = Invocation.of("run", "--model", folder.toString(), "--prompt", "x");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err())
        .contains("vocab_size: expected 256, the byte values, got 257 with the vocabulary of ")
        .contains("tokenizer.json");
  }

  @Test
  void devicesComputeSomethingWhenTheyAreChecked() {
    JsonNode document = Invocation.of("devices", "--check", "--format", "json").json();

    assertThat(document.path("schema").asInt()).isEqualTo(1);
    assertThat(document.path("devices").findValuesAsString("uri"))
        .contains("cpu://simd", "cpu://reference");
    for (JsonNode device : document.path("devices")) {
      if (device.path("backend").asString().equals("cpu")) {
        assertThat(device.path("state").asString()).startsWith("PASS (");
      }
    }
    assertThat(document.path("backends").findValuesAsString("name")).contains("cpu");
    for (JsonNode backend : document.path("backends")) {
      boolean ready = backend.path("state").asString().equals("READY");
      assertThat(backend.has("remedy")).isNotEqualTo(ready);
    }
  }

  @Test
  void deviceTableHasARowForEveryDeviceAndALineForEveryAbsentBackend() {
    Invocation text = Invocation.of("devices");
    JsonNode document = Invocation.of("devices", "--format", "json").json();

    document
        .path("devices")
        .findValuesAsString("uri")
        .forEach(uri -> assertThat(text.out()).contains(uri));
    assertThat(text.out())
        .contains("nothing was computed: 'devices --check' does")
        .doesNotContain("PASS", "FAIL:");
    assertThat(document.path("devices"))
        .allSatisfy(device -> assertThat(device.has("passed") || device.has("state")).isFalse());
    assertThat(text.out()).contains("cpu://simd  kernels: ");
    for (JsonNode backend : document.path("backends")) {
      if (backend.has("remedy")) {
        assertThat(text.out().lines().toList())
            .anySatisfy(
                line ->
                    assertThat(line)
                        .startsWith(backend.path("name").asString() + "  ")
                        .contains(backend.path("remedy").asString()));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"gemm, 6", "mla_prefill, 1", "moe, 5", "attention, 3"})
  void explainAnswersForEveryOperatorOfAFamily(String name, int operators) {
    Invocation run = Invocation.of("explain", name, "--format", "json");

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.json().path("decisions")).hasSize(operators);
    for (JsonNode decision : run.json().path("decisions")) {
      assertThat(
              StreamSupport.stream(decision.path("candidates").spliterator(), false)
                  .filter(c -> c.path("outcome").asString().startsWith("CHOSEN")))
          .hasSize(1);
      for (JsonNode candidate : decision.path("candidates")) {
        boolean chosen = candidate.path("outcome").asString().equals("CHOSEN");
        assertThat(candidate.has("reason")).isNotEqualTo(chosen);
        assertThat(candidate.has("kernel") || !chosen).isTrue();
      }
    }
  }

  @Test
  void explainTellsWhyOthersLost() {
    Invocation run = Invocation.of("explain", "gemm_fp32", "--device", "cpu://simd");

    assertThat(run.exit()).isZero();
    assertThat(run.out())
        .contains("gemm_fp32: ", "chosen", "cpu://reference", "NOT_NAMED", "remedy");
  }

  @Test
  void envNamesOriginAndPlace() {
    Invocation text = Invocation.of("env");
    JsonNode document = Invocation.of("env", "--format", "json").json();

    assertThat(text.exit()).isZero();
    assertThat(text.out()).contains("touchstone.probe.timeout", "TOUCHSTONE_PROBE_TIMEOUT");
    assertThat(document.path("settings").findValuesAsString("property"))
        .contains("touchstone.cache.dir")
        .isSorted();
    assertThat(document.path("settings").findValuesAsString("origin"))
        .allMatch(o -> java.util.List.of("DEFAULT", "PROPERTY", "ENVIRONMENT", "FILE").contains(o));
  }

  private Path shard(String part) {
    Path file = folder.resolve("shard-" + part.replace('/', '-') + ".json");
    Invocation run =
        Invocation.of(
            "conformance",
            "--device",
            "cpu://simd",
            "--op",
            "add",
            "--shard",
            part,
            "--threads",
            "2",
            "--format",
            "json",
            "--output",
            file.toString());
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
    return file;
  }

  @Test
  void shardsMergeToTheWholeRunAndDifferFromItNowhere() {
    String whole = shard("1/1").toString();
    Path joined = folder.resolve("joined.json");
    Invocation merge =
        Invocation.of(
            "merge",
            shard("1/2").toString(),
            shard("2/2").toString(),
            "--format",
            "json",
            "--output",
            joined.toString());

    assertThat(merge.exit()).as(merge.err()).isZero();
    Invocation diff = Invocation.of("diff", whole, joined.toString(), "--format", "json");
    assertThat(diff.exit()).isZero();
    // How long a case took differs between any two runs.
    diff.json()
        .path("counts")
        .forEachEntry(
            (what, count) -> {
              if (!List.of("slower", "faster").contains(what)) {
                assertThat(count.asInt()).as(what).isZero();
              }
            });
    Invocation lost =
        Invocation.of("diff", joined.toString(), shard("2/2").toString(), "--format", "json");
    assertThat(lost.exit()).isEqualTo(1);
    assertThat(lost.json().path("counts").path("lost").asInt()).isGreaterThan(10);
    assertThat(Invocation.of("merge", whole, "--format", "badge").json().path("message").asString())
        .contains("pass");
  }

  @Test
  void runStreamsTheTextOnly() {
    Invocation run =
        Invocation.of(
            "run",
            "--model",
            MODEL,
            "--device",
            "cpu://simd",
            "--max-tokens",
            "30",
            "--prompt",
            "And the LORD said unto ");

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).isEqualToNormalizingNewlines("Moses, The LORD hath spoken th\n");
    assertThat(run.err()).contains("cpu://simd", "tokens/s", "in place");
  }

  @Test
  void scorePrintsJsonOnly() throws IOException {
    Path text = folder.resolve("text.txt");
    byte[] all = Files.readAllBytes(ExampleModel.folder().resolve("heldout.txt"));
    Files.write(text, java.util.Arrays.copyOf(all, 600));
    Invocation run =
        Invocation.of(
            "run",
            "--model",
            MODEL,
            "--device",
            "cpu://simd",
            "--score",
            text.toString(),
            "--expect",
            ExampleModel.folder().resolve("expected.safetensors").toString(),
            "--expect-tensor",
            "logits.fp8_weights.act");

    assertThat(run.exit()).as(run.err()).isZero();
    JsonNode document = run.json();
    assertThat(document.path("schema").asInt()).isEqualTo(1);
    assertThat(document.path("windows").asInt()).isEqualTo(5);
    assertThat(document.path("scored").asInt()).isEqualTo(595);
    assertThat(document.path("nats_per_byte").asDouble()).isBetween(0.8, 1.8);
    assertThat(document.path("bits_per_byte").asDouble() * Math.log(2))
        .isCloseTo(
            document.path("nats_per_byte").asDouble(),
            org.assertj.core.api.Assertions.within(1e-12));
    assertThat(document.path("tokens_per_second").asDouble()).isPositive();
    assertThat(document.path("device").asString()).isEqualTo("cpu://simd");
    assertThat(document.path("backend").asString()).isEqualTo("cpu");
    assertThat(document.path("kernels").toString()).contains("moe_forward: ", "mla_prefill: ");
    assertThat(document.path("expected").path("positions").asInt()).isEqualTo(128);
    assertThat(document.path("expected").path("top1_agreement").asDouble()).isGreaterThan(0.9);
  }

  @Test
  void outputGoesToAFile() throws IOException {
    Path file = folder.resolve("env.json");
    Invocation run = Invocation.of("env", "--format", "json", "--output", file.toString());
    Invocation wrong = Invocation.of("env", "--output", folder.resolve("a/b").toString());

    assertThat(run.exit()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(Files.readString(file)).startsWith("{").contains("\"settings\"");
    assertThat(wrong.exit()).isEqualTo(2);
  }

  @Test
  void backendsAddVerbs() {
    Invocation run = Invocation.of("echo-verb", "a", "--b");
    Invocation failing = Invocation.of("echo-verb");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).isEqualToNormalizingNewlines("a+--b\n");
    assertThat(run.err()).isEmpty();
    assertThat(failing.exit()).isEqualTo(70);
    assertThat(failing.out()).isEmpty();
    assertThat(failing.err()).contains("nothing to repeat", "\tat ");
  }
}
