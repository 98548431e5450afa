package org.touchstone.tools.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.tools.model.ExampleModel.Content;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.CheckpointException;

class BlueprintTest {
  private static final String EXPERT = "model.layers.1.mlp.experts.0.gate_proj";

  @TempDir Path folder;

  @Test
  void exampleFits() {
    try (Checkpoint checkpoint = Checkpoint.open(ExampleModel.folder())) {
      Blueprint blueprint = Blueprint.read(ExampleModel.folder(), checkpoint);

      assertThat(blueprint.layers()).hasSize(4);
      assertThat(blueprint.layers().getFirst().feedForward()).isInstanceOf(Mlp.class);
      Moe moe = (Moe) blueprint.layers().getLast().feedForward();
      MoeForwardSpec spec = moe.forward();
      assertThat(spec.operands()).isEqualTo(GemmOperands.FP8_BLOCK);
      assertThat(spec.intermediate()).as("padded to whole scale blocks").isEqualTo(128);
      assertThat(spec.sharedIntermediate()).isEqualTo(128);
      assertThat(blueprint.specs()).hasSizeBetween(20, 60).doesNotHaveDuplicates();
    }
  }

  @Test
  void missingTensor() {
    change(contents -> contents.remove("model.norm.weight"));

    fails("model.norm.weight", "BF16[192] or F32[192]", "no such tensor");
  }

  @Test
  void wrongShape() {
    change(contents -> contents.put(EXPERT + ".weight", zeros(DType.E4M3FN, 192, 96)));

    fails(EXPERT + ".weight", "E4M3FN[96, 192] or BF16[96, 192]", "E4M3FN[192, 96]");
  }

  @Test
  void unsupportedType() {
    change(contents -> contents.put("lm_head.weight", zeros(DType.F16, 256, 192)));

    fails("lm_head.weight", "E4M3FN[256, 192] or BF16[256, 192]", "F16[256, 192]");
  }

  @Test
  void missingScale() {
    change(contents -> contents.remove(EXPERT + ".weight_scale_inv"));

    fails(EXPERT + ".weight_scale_inv", "F32[1, 2]", "no such tensor");
  }

  @Test
  void scaleOfOtherBlocks() {
    change(contents -> contents.put(EXPERT + ".weight_scale_inv", zeros(DType.F32, 2, 3)));

    fails(EXPERT + ".weight_scale_inv", "F32[1, 2]", "F32[2, 3]");
  }

  @Test
  void tensorThatNobodyUses() {
    String bias = "model.layers.2.self_attn.o_proj.bias";
    change(contents -> contents.put(bias, zeros(DType.BF16, 192)));

    fails(bias, "only tensors that config.json accounts for", "BF16[192]");
  }

  @Test
  void expertsOfTwoTypes() {
    change(
        contents -> {
          contents.put(EXPERT + ".weight", zeros(DType.BF16, 96, 192));
          contents.remove(EXPERT + ".weight_scale_inv");
        });

    fails(
        "model.layers.1.mlp.experts.0.up_proj.weight",
        "BF16 like '" + EXPERT + ".weight'",
        "E4M3FN[96, 192]");
  }

  @Test
  void quantisedWeightsOfAModelThatIsNotQuantised() {
    change(contents -> {});
    ExampleModel.writeConfig(folder, config -> config.remove("quantization_config"));

    fails("model.layers.0.self_attn.q_a_proj.weight", "BF16[80, 192]", "E4M3FN[80, 192]");
  }

  @Test
  void layersBeyondTheLastOneAreLeftOut() {
    change(contents -> contents.put("model.layers.4.eh_proj.weight", zeros(DType.BF16, 2, 2)));

    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(Blueprint.read(folder, checkpoint).layers()).hasSize(4);
    }
  }

  private void change(Consumer<Map<String, Content>> change) {
    ExampleModel.writeConfig(folder, config -> {});
    ExampleModel.writeCheckpoint(folder, change);
  }

  private static Content zeros(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return new Content(
        dtype, shape, MemorySegment.ofArray(new byte[(int) dtype.bytesFor(shape.elements())]));
  }

  private void fails(String tensor, String expected, String actual) {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(() -> Blueprint.read(folder, checkpoint))
          .withMessageStartingWith(
              folder.resolve("model.safetensors")
                  + ": tensor '"
                  + tensor
                  + "': expected "
                  + expected
                  + ", got "
                  + actual
                  + "; ");
    }
  }
}
