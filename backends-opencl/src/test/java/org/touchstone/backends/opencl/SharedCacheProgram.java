package org.touchstone.backends.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;

/** Runs two kernels once another process is as far, and prints what they give. */
public final class SharedCacheProgram {
  private static final long PAUSE = 5;

  private SharedCacheProgram() {}

  /** Takes the file to create and the one to wait for. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    try (DeviceRun run = new DeviceRun(Variant.CPU)) {
      long[] shape = {3};
      Tensor x = run.tensor(DType.F32, shape, 0.5, 1.5, -3);
      Tensor y = run.tensor(DType.F32, shape);
      Tensor z = run.tensor(DType.BF16, shape);
      Files.createFile(Path.of(arguments[0]));
      while (!Files.exists(Path.of(arguments[1]))) {
        Thread.sleep(PAUSE);
      }
      run.run(AddSpec.of(DType.F32), new AddArgs(x, x, y));
      run.run(CastSpec.of(DType.F32, DType.BF16), new CastArgs(y, z));
      System.out.println("result " + Arrays.toString(run.values(z)));
    }
  }
}
