package com.example.acme;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** Plans the operators that there are kernels for and refuses the others, with a reason. */
final class AcmeDevice implements BackendDevice {
  @Override
  @SuppressWarnings("unchecked") // a spec's type fixes the type of its arguments
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return (Plan<A>)
        switch (spec) {
          case AddSpec add -> AcmeAdd.plan();
          case RmsNormSpec norm -> AcmeRmsNorm.plan(norm);
          default ->
              Plan.refuses(ReasonCode.OPERATOR, "acme has no kernel for " + spec.op().opName());
        };
  }

  @Override
  public MemorySource memory() {
    return new MemorySource() {
      @Override
      public DeviceMemory allocate(long bytes) {
        Arena arena = Arena.ofShared();
        try {
          return new AcmeMemory(arena.allocate(bytes, 64), arena::close);
        } catch (OutOfMemoryError | IllegalArgumentException e) {
          arena.close();
          throw new HalException(
              ErrorCode.OUT_OF_MEMORY,
              "cannot allocate " + bytes + " bytes",
              null,
              null,
              "use smaller tensors",
              e);
        }
      }

      @Override
      public DeviceMemory wrap(MemorySegment host) {
        return new AcmeMemory(host, () -> {});
      }
    };
  }

  @Override
  public BackendQueue openQueue() {
    return new AcmeQueue();
  }

  @Override
  public void close() {}
}
