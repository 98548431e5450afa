package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.format.DType;
import org.touchstone.tools.ArrowInJavaScript;
import org.touchstone.tools.OutsideProgram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Plays vendors that know the files alone: one in Python with NumPy, one in JavaScript. */
class OfflineVendorTest {
  private static final String OP = "gemm_fp8_block";
  private static final Path EXAMPLE = Path.of("..", "examples", "python-vendor", "vendor.py");

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static String python = "";

  @TempDir Path folder;

  @BeforeAll
  static void findPython() throws Exception {
    List<String> imports = List.of("-c", "import numpy");
    List<List<String>> candidates = new ArrayList<>();
    for (String program : List.of("python3", "/usr/bin/python3")) {
      candidates.add(new ArrayList<>(List.of(program)));
      candidates.getLast().addAll(imports);
    }
    python = OutsideProgram.find("numpy", "python3-numpy", candidates);
  }

  private Path export(String name, String... options) {
    Path golden = folder.resolve(name);
    List<String> args = new ArrayList<>(List.of("golden", "export", golden.toString()));
    args.addAll(List.of(options));
    Invocation run = Invocation.of(args.toArray(String[]::new));
    assertThat(run.exit()).as(run.err()).isZero();
    return golden;
  }

  private static JsonNode judge(Path golden, int exit) {
    Invocation run = Invocation.of("golden", "judge", golden.toString(), "--format", "json");
    assertThat(run.exit()).as(run.err()).isEqualTo(exit);
    return run.json().path("summary").path("total");
  }

  private static String absolute(Path folder, String... parts) {
    Path path = folder.toAbsolutePath();
    for (String part : parts) {
      path = path.resolve(part);
    }
    return path.toString();
  }

  private static OutsideProgram run(String... command) throws Exception {
    OutsideProgram run = OutsideProgram.run(Path.of(""), List.of(command));
    assertThat(run.exit()).as(run.err()).isZero();
    return run;
  }

  @Test
  void aKernelInPythonIsProvenAndADefectOfItIsCaught() throws Exception {
    Path golden = export("numpy", "--op", OP, "--format", "safetensors");
    String script = EXAMPLE.toRealPath().toString();

    run(python, script, golden.toString());
    JsonNode right = judge(golden, 0);
    run(python, script, golden.toString(), "--drop-last-k");
    JsonNode wrong = judge(golden, 1);

    int cases = right.path("cases").asInt();
    assertThat(cases).isGreaterThan(50);
    assertThat(right.path("pass").asInt()).isEqualTo(cases);
    assertThat(wrong.path("fail").asInt()).isGreaterThan(cases / 2);
  }

  @Test
  void anotherImplementationOfArrowReadsAndAnswers() throws Exception {
    Path golden = export("arrow", "--op", "quantize_fp8_group", "--op", "moe_route");
    Path twin =
        export(
            "twin", "--op", "quantize_fp8_group", "--op", "moe_route", "--format", "safetensors");
    int compared = 0;
    for (String kind : List.of("cases", "expected")) {
      for (int file = 1; file <= 60; file += 7) {
        String stem = String.format("%05d", file);
        JsonNode shown = ArrowInJavaScript.run("show", absolute(golden, kind, stem + ".arrow"));
        compared += compare(shown, twin.resolve(kind).resolve(stem + ".safetensors"));
      }
    }
    assertThat(compared).isGreaterThan(50);

    ArrowInJavaScript.run("answer", absolute(golden));
    JsonNode right = judge(golden, 0);
    assertThat(right.path("pass").asInt()).isEqualTo(right.path("cases").asInt());
    ArrowInJavaScript.run("answer", absolute(golden), "flip");
    assertThat(judge(golden, 1).path("fail").asInt()).isEqualTo(1);
  }

  /** Compares what JavaScript read from Arrow with the bytes of the safetensors file. */
  private static int compare(JsonNode shown, Path file) throws Exception {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int data = Long.BYTES + Math.toIntExact(bytes.getLong());
    String header =
        new String(bytes.array(), Long.BYTES, data - Long.BYTES, StandardCharsets.UTF_8);
    int tensors = 0;
    for (Map.Entry<String, JsonNode> entry : JSON.readTree(header).properties()) {
      if (entry.getKey().equals("__metadata__")) {
        assertThat(shown.path("metadata")).isEqualTo(entry.getValue());
        continue;
      }
      JsonNode twin = entry.getValue();
      JsonNode column = shown.path("columns").path(entry.getKey());
      int begin = data + twin.path("data_offsets").path(0).asInt();
      int end = data + twin.path("data_offsets").path(1).asInt();
      String dtype = twin.path("dtype").asString();
      assertThat(column.path("bytes").asString())
          .as("%s of %s", entry.getKey(), file)
          .isEqualTo(HexFormat.of().formatHex(bytes.array(), begin, end));
      JsonNode about = column.path("metadata");
      assertThat(JSON.readTree(about.path("shape").asString())).isEqualTo(twin.path("shape"));
      assertThat(about.path("dtype").asString())
          .isEqualTo(DType.ofSafetensors(dtype).map(DType::name).orElse(dtype));
      tensors++;
    }
    assertThat(shown.path("rows").asInt()).isEqualTo(1);
    assertThat(shown.path("columns").size()).isEqualTo(tensors);
    return tensors;
  }
}
