package org.touchstone.conformance.mutants;

import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.backends.spi.Mutant.CaughtBy;

/** Defects in how wrong arguments are answered: a rule each that is not looked at, or misnamed. */
final class ArgumentMutants {
  private enum Where {
    ANYWHERE,
    ON_THE_HOST,
    ON_A_DEVICE;

    boolean holds(Tensor tensor) {
      return this == ANYWHERE || (this == ON_THE_HOST) == tensor.buffer().device().isEmpty();
    }
  }

  private static final List<Rule> RULES =
      List.of(
          new Rule("missing-tensor", ErrorCode.MISSING_TENSOR, Where.ANYWHERE, "without a tensor"),
          new Rule("dtype", ErrorCode.DTYPE, Where.ANYWHERE, "with a tensor of another dtype"),
          new Rule("layout", ErrorCode.LAYOUT, Where.ANYWHERE, "with a tensor of another layout"),
          new Rule("shape", ErrorCode.SHAPE, Where.ANYWHERE, "with a tensor of another shape"),
          new Rule("strides", ErrorCode.STRIDES, Where.ANYWHERE, "with a tensor of other strides"),
          new Rule("overlap", ErrorCode.OVERLAP, Where.ANYWHERE, "with an output inside an input"),
          new Rule(
              "closed-buffer",
              ErrorCode.CLOSED,
              Where.ANYWHERE,
              "with a tensor in a closed buffer"),
          new Rule(
              "host-tensor",
              ErrorCode.WRONG_DEVICE,
              Where.ON_THE_HOST,
              "with a tensor on the host"),
          new Rule(
              "foreign-buffer",
              ErrorCode.WRONG_DEVICE,
              Where.ON_A_DEVICE,
              "with a tensor of another device"));

  /**
   * A rule of arguments.
   *
   * @param code what breaking it is answered with
   * @param where where a tensor lies that breaks it
   * @param what how operators then run, in a few words
   */
  private record Rule(String name, ErrorCode code, Where where, String what) {
    boolean broken(HalException refusal, Device device, Args args) {
      return refusal.code() == code
          && args.tensors().stream()
              .filter(Objects::nonNull)
              .anyMatch(t -> where.holds(t) && (code != ErrorCode.WRONG_DEVICE || away(t, device)));
    }

    private static boolean away(Tensor tensor, Device device) {
      return !tensor.buffer().device().filter(device::equals).isPresent();
    }
  }

  private ArgumentMutants() {}

  static void addTo(Seeds seeds) {
    Set<Op> all = EnumSet.allOf(Op.class);
    for (Rule rule : RULES) {
      seeds.front(
          "accepts-" + rule.name(),
          all,
          CaughtBy.ARGUMENTS,
          "runs " + rule.what(),
          () -> new Accepting(rule));
      seeds.front(
          "misnames-" + rule.name(),
          all,
          CaughtBy.ARGUMENTS,
          "refuses to run " + rule.what() + " with another code",
          () -> new Misnaming(rule));
    }
    for (Op op : Op.values()) {
      seeds.front(
          "accepts-anything-" + op.opName().replace('_', '-'),
          EnumSet.of(op),
          CaughtBy.ARGUMENTS,
          "runs with whatever arguments",
          AcceptingAll::new);
    }
    seeds.front(
        "refused-arguments-poison-the-queue",
        all,
        CaughtBy.ARGUMENTS,
        "takes arguments that it refused for a failure of the queue",
        Poisoned::new);
    seeds.front(
        "refuses-with-a-plain-exception",
        all,
        CaughtBy.ARGUMENTS,
        "refuses arguments with an exception of another type",
        Plain::new);
  }

  private record Accepting(Rule rule) implements Front {
    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      return Ended.unless(launch, refusal -> rule.broken(refusal, device, args));
    }
  }

  private record Misnaming(Rule rule) implements Front {
    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      try {
        return launch.get();
      } catch (HalException e) {
        if (rule.broken(e, device, args)) {
          throw new HalException(ErrorCode.INVALID_SPEC, String.valueOf(e.getMessage()));
        }
        throw e;
      }
    }
  }

  private record AcceptingAll() implements Front {
    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      return Ended.unless(launch, refusal -> true);
    }
  }

  private record Plain() implements Front {
    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      try {
        return launch.get();
      } catch (HalException e) {
        throw new IllegalArgumentException(e);
      }
    }
  }

  private static final class Poisoned implements Front {
    private final Set<Queue> poisoned = ConcurrentHashMap.newKeySet();

    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      if (poisoned.contains(queue)) {
        throw new HalException(ErrorCode.QUEUE_POISONED, "the queue was given wrong arguments");
      }
      try {
        return launch.get();
      } catch (HalException e) {
        poisoned.add(queue);
        throw e;
      }
    }
  }
}
