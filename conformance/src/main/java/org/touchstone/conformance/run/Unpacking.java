package org.touchstone.conformance.run;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.data.InputData;

/** Checks that unpacking a packed weight gives back its bits. */
final class Unpacking {
  private Unpacking() {}

  static List<String> findings(
      Launch launch, InputData data, Device device, Queue queue, Arena arena) {
    List<String> findings = new ArrayList<>();
    for (Map.Entry<String, Tensor> entry : launch.packed().entrySet()) {
      Tensor unpacked = device.unpack(entry.getValue());
      try (Buffer buffer = unpacked.buffer()) {
        Tensor host = HostTensors.allocate(arena, unpacked.dtype(), unpacked.shape().dims());
        queue.copy(unpacked, host).join();
        MemorySegment expected = data.tensor(entry.getKey()).buffer().host();
        long at = expected.mismatch(host.buffer().host());
        if (at >= 0) {
          findings.add(
              "unpack(pack("
                  + entry.getKey()
                  + ")) in layout "
                  + entry.getValue().layout()
                  + " differs at byte "
                  + at
                  + " of "
                  + buffer.bytes());
        }
      }
    }
    return findings;
  }
}
