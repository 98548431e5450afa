package org.touchstone.backends.hal;

import java.util.List;
import org.touchstone.api.Evidence;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;

/** Something that a queue enqueues. */
interface Submission {
  /** Returns the operator's name, or {@code copy}. */
  String operator();

  /** Returns the kernel's name. */
  String kernel();

  /** Returns what executes it. */
  Evidence evidence();

  /** Returns what its receipt should say beside. */
  List<String> notes();

  /** Returns the workspace that it needs, in bytes. */
  long workspaceBytes();

  /** Hands the work to the backend. */
  void enqueue(BackendQueue queue, DeviceMemory workspace);
}
