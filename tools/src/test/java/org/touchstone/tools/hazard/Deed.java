package org.touchstone.tools.hazard;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** What drivers do to processes. */
enum Deed {
  /** Reads address 0 in native code. */
  SEGFAULT {
    @Override
    @SuppressWarnings("restricted")
    void perform() {
      Linker linker = Linker.nativeLinker();
      try {
        Object length =
            linker
                .downcallHandle(
                    linker.defaultLookup().find("strlen").orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS))
                .invoke(MemorySegment.NULL);
        throw new IllegalStateException("strlen(NULL) is " + length);
        // What a method handle declares.
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  },
  /** Waits for ever, whoever interrupts. */
  HANG {
    @Override
    void perform() {
      while (true) {
        LockSupport.parkNanos(1_000_000_000L);
        // An interrupted thread would not wait.
        boolean ignored = Thread.interrupted();
        if (ignored) {
          System.err.println("the driver does not listen");
        }
      }
    }
  },
  /** Fills the heap. */
  MEMORY {
    @Override
    void perform() {
      List<long[]> kept = new ArrayList<>();
      while (kept.size() < Integer.MAX_VALUE) {
        kept.add(new long[1 << 22]);
      }
      throw new IllegalStateException("the heap holds " + kept.size() + " blocks");
    }
  },
  /** Ends the parent process, too, as a machine that loses power does. */
  BLACKOUT {
    @Override
    void perform() {
      ProcessHandle.current().parent().ifPresent(ProcessHandle::destroyForcibly);
      Runtime.getRuntime().halt(137);
    }
  },
  /** Fails, as a driver does that knows a limit. */
  REFUSE {
    @Override
    void perform() {
      throw new IllegalStateException("rows of this width do not work");
    }
  };

  abstract void perform();
}
