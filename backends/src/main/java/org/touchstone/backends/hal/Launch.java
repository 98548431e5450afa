package org.touchstone.backends.hal;

import java.util.List;
import org.touchstone.api.Evidence;
import org.touchstone.api.op.Args;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;

/**
 * One launch of a kernel with valid arguments. A kernel is not called when there is nothing to
 * write, so that none needs to handle a launch of zero threads.
 */
record Launch<A extends Args>(HalOperator<A> prepared, Kernel<A> code, A args, boolean empty)
    implements Submission {
  @Override
  public String operator() {
    return prepared.spec().op().opName();
  }

  @Override
  public String kernel() {
    return prepared.kernel();
  }

  @Override
  public Evidence evidence() {
    return prepared.traits().evidence();
  }

  @Override
  public List<String> notes() {
    return empty ? List.of("every output is empty: the kernel was not called") : List.of();
  }

  @Override
  public long workspaceBytes() {
    return empty ? 0 : code.workspaceBytes(args);
  }

  @Override
  public void enqueue(BackendQueue queue, DeviceMemory workspace) {
    if (!empty) {
      code.launch(queue, args, workspace);
    }
  }
}
