package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Adds strip by strip; element types are arguments, so one program serves all of them. */
final class AddOperator extends OpenClOperator<AddArgs> {
  private final Target target;

  private AddOperator(Target target, OpenClKernel kernel) {
    super(kernel);
    this.target = target;
  }

  static Plan<AddArgs> plan(AddSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new AddOperator(target, target.kernel("add.cl", "add")));
  }

  @Override
  public void launch(BackendQueue queue, AddArgs args, DeviceMemory workspace) {
    if (args.y().shape().elements() == 0) {
      return;
    }
    Strips.of(target.strip(), args.a(), args.b(), args.y())
        .forEach(
            block -> {
              var launch =
                  block
                      .tensors(kernel().launch())
                      .i32(TypeNumbers.of(args.a()))
                      .i32(TypeNumbers.of(args.b()))
                      .i32(TypeNumbers.of(args.y()));
              block.rows(launch).run(queue, block.groups(), target.rowGroup());
            });
  }
}
