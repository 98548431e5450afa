package org.touchstone.backends.cuda.sim.exec;

import java.util.Arrays;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.memory.GlobalShadow;
import org.touchstone.backends.cuda.sim.memory.SharedShadow;

/** The checks that an access of a lane to a state space passes before it happens. */
final class Space {
  /** State spaces of instructions. */
  enum Kind {
    GLOBAL,
    SHARED,
    LOCAL,
    PARAM,
    GENERIC
  }

  private Space() {}

  /** Returns the allocation that holds all bytes of an aligned access, or fails. */
  static Allocation locate(Warp w, int index, int lane, long address, int bytes) {
    Allocation found = locateBytes(w, index, lane, address, bytes);
    if ((address & (bytes - 1)) != 0) {
      throw misaligned(w, lane, address, bytes);
    }
    return found;
  }

  /** Returns the allocation that holds all bytes of an access, or fails. */
  static Allocation locateBytes(Warp w, int index, int lane, long address, int bytes) {
    Allocation hint = w.block.hints[index];
    if (hint == null || address < hint.base() || address + bytes > hint.base() + hint.size()) {
      hint = search(w, lane, address, bytes);
      w.block.hints[index] = hint;
    }
    return hint;
  }

  private static Allocation search(Warp w, int lane, long address, int bytes) {
    GlobalMemory memory = w.block.launch.memory();
    Allocation found = memory.find(address);
    if (found == null) {
      Allocation near = memory.below(address);
      String place =
          near == null
              ? "there is no allocation below it"
              : (address - near.base() - near.size()) + " bytes past the end of the " + near;
      throw w.fail(
          FindingKind.OUT_OF_BOUNDS,
          lane,
          String.format("%d bytes at 0x%x of global memory: %s", bytes, address, place));
    }
    if (found.freed()) {
      throw w.fail(
          FindingKind.DANGLING_POINTER, lane, String.format("0x%x lies in the %s", address, found));
    }
    if (address + bytes > found.base() + found.size()) {
      throw w.fail(
          FindingKind.OUT_OF_BOUNDS,
          lane,
          String.format("%d bytes at 0x%x reach past the end of the %s", bytes, address, found));
    }
    return found;
  }

  static RuntimeException misaligned(Warp w, int lane, long address, int bytes) {
    return w.fail(
        FindingKind.MISALIGNED,
        lane,
        String.format("address 0x%x is no multiple of the %d bytes accessed", address, bytes));
  }

  static void globalRead(Warp w, int lane, Allocation a, int offset, int bytes, boolean atomic) {
    Checks checks = w.block.checks();
    if (checks.uninitialisedGlobal()) {
      int at = a.firstUnwritten(offset, bytes);
      if (at >= 0) {
        throw w.fail(
            FindingKind.UNINITIALISED_GLOBAL,
            lane,
            "byte " + at + " of the " + a + " was never written");
      }
    }
    if (a.tracksRaces()) {
      race(w, lane, a, offset, GlobalShadow.read(a, offset, bytes, w.actor, atomic));
    }
  }

  static void globalWrite(Warp w, int lane, Allocation a, int offset, int bytes, boolean atomic) {
    if (a.readOnly()) {
      throw w.fail(FindingKind.READ_ONLY_WRITE, lane, "a write to the " + a);
    }
    a.markWritten(offset, bytes);
    if (a.tracksRaces()) {
      race(w, lane, a, offset, GlobalShadow.write(a, offset, bytes, w.actor, atomic));
    }
  }

  private static void race(
      Warp w, int lane, Allocation a, int offset, @org.jspecify.annotations.Nullable String race) {
    if (race != null) {
      throw w.fail(
          race.contains(GlobalShadow.STREAM) ? FindingKind.STREAM_RACE : FindingKind.GLOBAL_RACE,
          lane,
          race + ", byte " + offset + " of the " + a);
    }
  }

  /** Returns the offset of an aligned access to shared memory, or fails. */
  static int shared(Warp w, int lane, long address, int bytes) {
    int size = w.block.shared.length;
    if (address < 0 || address + bytes > size) {
      throw w.fail(
          FindingKind.OUT_OF_BOUNDS,
          lane,
          String.format("%d bytes at %d of %d bytes of shared memory", bytes, address, size));
    }
    if ((address & (bytes - 1)) != 0) {
      throw misaligned(w, lane, address, bytes);
    }
    return (int) address;
  }

  static void sharedRead(Warp w, int lane, int offset, int bytes, boolean atomic) {
    SharedShadow shadow = w.block.shadow;
    if (shadow == null) {
      return;
    }
    if (shadow.readBefore(offset, bytes, w.actor)) {
      return;
    }
    Checks checks = w.block.checks();
    int at = shadow.firstUnreadable(offset, bytes);
    if (at >= 0) {
      boolean flying = shadow.inFlight(at);
      if (flying ? checks.asyncCopies() : checks.uninitialisedShared()) {
        throw w.fail(
            flying ? FindingKind.ASYNC_IN_FLIGHT : FindingKind.UNINITIALISED_SHARED,
            lane,
            flying
                ? "shared byte " + at + " is read while cp.async writes it: wait and synchronise"
                : "shared byte " + at + " is read but was never written");
      }
    }
    if (checks.races()) {
      sharedRace(w, lane, offset, shadow.read(offset, bytes, w.actor, atomic));
    }
  }

  static void sharedWrite(Warp w, int lane, int offset, int bytes, boolean atomic) {
    sharedStore(w, lane, offset, bytes, atomic, SharedShadow.WRITTEN);
  }

  /** Notes that an asynchronous copy will write bytes of shared memory. */
  static void sharedCopyBegins(Warp w, int lane, int offset, int bytes) {
    sharedStore(w, lane, offset, bytes, false, SharedShadow.IN_FLIGHT);
  }

  private static void sharedStore(
      Warp w, int lane, int offset, int bytes, boolean atomic, byte state) {
    SharedShadow shadow = w.block.shadow;
    if (shadow == null) {
      return;
    }
    Checks checks = w.block.checks();
    if (checks.asyncCopies() && shadow.firstInFlight(offset, bytes) >= 0) {
      throw w.fail(
          FindingKind.ASYNC_IN_FLIGHT,
          lane,
          "shared byte "
              + offset
              + (state == SharedShadow.IN_FLIGHT
                  ? " is the target of a second cp.async"
                  : " is written while cp.async writes it"));
    }
    shadow.mark(offset, bytes, state);
    if (checks.races()) {
      sharedRace(w, lane, offset, shadow.write(offset, bytes, w.actor, atomic));
    }
  }

  private static void sharedRace(
      Warp w, int lane, int offset, @org.jspecify.annotations.Nullable String race) {
    if (race != null) {
      throw w.fail(FindingKind.SHARED_RACE, lane, race + ", shared byte " + offset);
    }
  }

  /** Returns the place of an aligned access to a lane's local memory, or fails. */
  static int local(Warp w, int lane, long address, int bytes) {
    if (address < 0 || address + bytes > w.localBytes) {
      throw w.fail(
          FindingKind.OUT_OF_BOUNDS,
          lane,
          String.format(
              "%d bytes at %d of %d bytes of local memory", bytes, address, w.localBytes));
    }
    if ((address & (bytes - 1)) != 0) {
      throw misaligned(w, lane, address, bytes);
    }
    return lane * w.localBytes + (int) address;
  }

  static void localRead(Warp w, int lane, int place, int bytes) {
    if (w.block.checks().uninitialisedRegisters()) {
      for (int i = place; i < place + bytes; i++) {
        if (w.localWritten[i] == 0) {
          throw w.fail(
              FindingKind.UNINITIALISED_LOCAL,
              lane,
              "local byte " + (i - lane * w.localBytes) + " was never written");
        }
      }
    }
  }

  static void localWrite(Warp w, int place, int bytes) {
    Arrays.fill(w.localWritten, place, place + bytes, (byte) 1);
  }

  /** Returns the bytes of the mask whose generic addresses lie in a window. */
  static int inWindow(Warp w, int mask, long window) {
    int in = 0;
    for (int l = 0; l < 32; l++) {
      long offset = w.address[l] - window;
      in |= (offset >= 0 && offset < GlobalMemory.WINDOW_BYTES ? 1 : 0) << l;
    }
    return in & mask;
  }
}
