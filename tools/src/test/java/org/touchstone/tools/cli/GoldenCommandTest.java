package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.tools.model.safetensors.SafetensorsFile;
import org.touchstone.tools.model.safetensors.SafetensorsWriter;
import org.touchstone.tools.model.safetensors.TensorEntry;
import tools.jackson.databind.JsonNode;

class GoldenCommandTest {
  private static final String CASE = "add/x=31x33,a=BF16,b=BF16,out=BF16/random";

  @TempDir Path folder;

  private Path export(String... options) {
    Path golden = folder.resolve("golden");
    List<String> args = new ArrayList<>(List.of("golden", "export", golden.toString()));
    args.addAll(List.of("--format", "safetensors"));
    args.addAll(List.of(options));
    Invocation run = Invocation.of(args.toArray(String[]::new));
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
    return golden;
  }

  /** Answers with the reference's own outputs, the first one shifted by some bytes. */
  private static int answer(Path golden, int flip) throws IOException {
    int files = 0;
    try (Arena arena = Arena.ofConfined();
        var cases = Files.newDirectoryStream(golden.resolve("cases"))) {
      for (Path file : cases) {
        SafetensorsWriter writer = new SafetensorsWriter(Map.of());
        for (TensorEntry entry : ofReference(file, arena)) {
          byte[] bytes = entry.bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
          if (files == 0 && flip >= 0) {
            bytes[flip] ^= 0x40;
          }
          writer.add(
              entry.name().substring("reference.".length()),
              entry.dtype(),
              entry.shape(),
              java.lang.foreign.MemorySegment.ofArray(bytes));
        }
        writer.write(golden.resolve("outputs").resolve(file.getFileName()));
        files++;
      }
    }
    return files;
  }

  private static List<TensorEntry> ofReference(Path file, Arena arena) {
    return SafetensorsFile.open(file, arena).tensors().values().stream()
        .filter(e -> e.name().startsWith("reference."))
        .toList();
  }

  @Test
  void rightOutputsPass() throws IOException {
    Path golden = export("--op", "moe_permute", "--op", "add", "--level", "L1");
    int files = answer(golden, -1);

    Invocation run = Invocation.of("golden", "judge", golden.toString(), "--format", "json");

    JsonNode total = run.json().path("summary").path("total");
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(files).isGreaterThan(40);
    assertThat(total.path("pass").asInt()).isEqualTo(files);
  }

  @Test
  void aWrongElementFails() throws IOException {
    Path golden = export("--case", CASE);
    answer(golden, 1);

    Invocation run = Invocation.of("golden", "judge", golden.toString(), "--name", "acme");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("acme", CASE, "y[0, 0]");
  }

  @Test
  void twoFormatsOfOneOutputAreRefused() throws IOException {
    Path golden = export("--case", CASE);
    answer(golden, -1);
    Files.createFile(golden.resolve("outputs/00001.arrow"));

    Invocation run = Invocation.of("golden", "judge", golden.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("outputs/00001 is there in two formats");
  }

  @Test
  void missingOutputsAreSkippedAndProveNothing() {
    Path golden = export("--case", CASE);

    Invocation run = Invocation.of("golden", "judge", golden.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("1 skipped", "NO_OUTPUT", "nothing is proven");
  }

  @Test
  void aFileNeedsEveryOutputInItsTypeAndShape() throws IOException {
    Path golden = export("--case", CASE);
    new SafetensorsWriter(Map.of())
        .add("z", new long[] {1})
        .write(golden.resolve("outputs/00001.safetensors"));

    Invocation run = Invocation.of("golden", "judge", golden.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("output y is missing, expected BF16[31, 33]");
  }

  @Test
  void theManifestDescribesTheCase() throws IOException {
    Path golden = export("--case", CASE);

    JsonNode line =
        new Invocation(0, Files.readString(golden.resolve("manifest.jsonl")), "").json();

    assertThat(line.path("case").asString()).isEqualTo(CASE);
    assertThat(line.path("inputs").path("a").path("dtype").asString()).isEqualTo("BF16");
    assertThat(line.path("outputs").path("y").path("shape").path(1).asInt()).isEqualTo(33);
    assertThat(line.path("spec").isObject()).isTrue();
    Invocation again = Invocation.of("golden", "export", golden.toString(), "--case", CASE);
    assertThat(again.exit()).isEqualTo(2);
    assertThat(again.err()).contains("holds golden cases already");
  }

  @Test
  void declarationsAreReadOrRefused() throws IOException {
    Path golden = export("--case", CASE);
    answer(golden, -1);
    Path traits =
        Files.writeString(
            folder.resolve("traits.json"),
            "{\"accumulator\":{\"promoted_every\":128,\"steps\":4},\"chain\":{\"lanes\":8}}");

    Invocation run =
        Invocation.of(
            "golden", "judge", golden.toString(), "--traits", traits.toString(), "--format", "csv");
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).contains("F32_PROMOTED_EVERY_128");

    Files.writeString(traits, "{\"acumulator\":\"F32\"}");
    Invocation typo =
        Invocation.of("golden", "judge", golden.toString(), "--traits", traits.toString());
    assertThat(typo.exit()).isEqualTo(2);
    assertThat(typo.err()).contains(traits.toString(), "'acumulator' is none of");
  }

  @Test
  void usageErrorsNameWhatIsWrong() {
    for (Map.Entry<String, String> wrong :
        Map.of(
                "golden export DIR --op nonsense", "no operator or family",
                "golden export DIR --case nonsense", "no case named",
                "golden judge DIR", "'golden export' writes it")
            .entrySet()) {
      String[] args =
          wrong.getKey().replace("DIR", folder.resolve("nothing").toString()).split(" ");
      Invocation run = Invocation.of(args);
      assertThat(run.exit()).as(wrong.getKey()).isEqualTo(2);
      assertThat(run.err()).contains(wrong.getValue());
    }
    assertThat(Optional.of(Invocation.of("golden").exit())).contains(2);
  }
}
