package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Schedule;

/**
 * Kernels that others wrote and that are known to be right, CUB's from the CUDA headers, compiled
 * by nvcc and run with all checks on.
 */
class CubOracleTest {
  private static final int ITEMS = 512;
  private static final long SEED = 20261123;

  @TempDir private Path work;

  private String compile() throws Exception {
    boolean there =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "nvcc")));
    assumeTrue(there, "absent: nvcc");
    Path ptx = work.resolve("cub.ptx");
    Path messages = work.resolve("messages");
    int exit =
        new ProcessBuilder(
                "nvcc",
                "-std=c++17",
                "-O3",
                "-arch=compute_80",
                "-ptx",
                "-o",
                ptx.toString(),
                Path.of("src", "test", "cuda", "cub_oracle.cu").toString())
            .redirectErrorStream(true)
            .redirectOutput(messages.toFile())
            .start()
            .waitFor();
    String text = Files.readString(messages);
    assumeTrue(exit == 0 || !text.contains("cub/block"), "absent: nvcc with the headers of CUB");
    assertThat(exit).as(text).isZero();
    return Files.readString(ptx);
  }

  private static int[] run(String ptx, String kernel, Options options, int[] input) {
    SimDevice device = new SimDevice(DeviceProfile.of("sm_89").orElseThrow(), options);
    SimModule module = device.load(ptx);
    byte[] bytes = new byte[ITEMS * 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(input);
    long in = device.allocate(ITEMS * 4);
    long out = device.allocate(ITEMS * 4);
    device.write(in, bytes, 0, ITEMS * 4);
    device.launch(
        module.kernel(kernel),
        LaunchConfig.of(1, 128, 0),
        new ParameterBytes(module.kernel(kernel)).add(in).add(out).bytes());
    device.read(out, bytes, 0, ITEMS * 4);
    int[] result = new int[ITEMS];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(result);
    return result;
  }

  @Test
  void kernels_that_are_known_to_be_right_are_right_here() throws Exception {
    String ptx = compile();
    int[] input = new Random(SEED).ints(ITEMS, -1000, 1000).toArray();
    int[] scanned = new int[ITEMS];
    for (int i = 1; i < ITEMS; i++) {
      scanned[i] = scanned[i - 1] + input[i - 1];
    }
    int[] sorted = Arrays.stream(input).map(i -> i ^ Integer.MIN_VALUE).sorted().toArray();
    for (Schedule schedule :
        List.of(Schedule.DETERMINISTIC, Schedule.adversarial(1), Schedule.adversarial(2))) {
      Options options = Options.DEFAULT.with(schedule);
      assertThat(run(ptx, "oracle_scan", options, input)).as("%s", schedule).isEqualTo(scanned);
      assertThat(run(ptx, "oracle_reduce", options, input)[0])
          .isEqualTo(Arrays.stream(input).sum());
      assertThat(Arrays.stream(run(ptx, "oracle_sort", options, input)))
          .as("keys sorted as unsigned numbers, %s", schedule)
          .containsExactlyElementsOf(
              Arrays.stream(sorted).map(i -> i ^ Integer.MIN_VALUE).boxed().toList());
    }
  }
}
