package org.touchstone.tools.model.inference;

import java.nio.file.Path;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.Queue;
import org.touchstone.tools.model.Blueprint;
import org.touchstone.tools.model.safetensors.Checkpoint;

/** A model on a device, with everything that has to stay open. */
public record Running(Checkpoint checkpoint, Hal hal, Device device, LanguageModel model)
    implements AutoCloseable {
  /** Loads the model of a folder onto a device of the process's HAL. */
  public static Running open(Path folder, String device) {
    return open(Hal.open(), folder, device, Packing.PREFERRED);
  }

  /** Loads the model of a folder onto a device of a HAL, which is closed with the model. */
  public static Running open(Hal hal, Path folder, String uri, Packing packing) {
    Checkpoint checkpoint = Checkpoint.open(folder);
    Device device = hal.device(uri);
    return new Running(
        checkpoint,
        hal,
        device,
        LanguageModel.load(Blueprint.read(folder, checkpoint), device, packing));
  }

  @Override
  public void close() {
    model.close();
    try (Queue queue = device.openQueue()) {
      queue.finish();
    }
    long left = device.memoryUse().bytes();
    device.close();
    hal.close();
    checkpoint.close();
    if (left != 0) {
      throw new AssertionError(left + " bytes of device memory are left behind");
    }
  }
}
