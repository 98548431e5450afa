package org.touchstone.conformance.cases;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.api.op.Slot.Presence;

/**
 * One case: a spec, launch sizes, a data family and variants. Its name is complete: {@code
 * gemm_fp8_block/m=17,n=129,k=256,out=BF16/random} finds the same case, with the same data, on
 * every machine.
 *
 * <p>The suite allocates every tensor from the spec's signature and the sizes; a case only says how
 * inputs are filled.
 */
public final class TestCase {
  private final String name;
  private final Level level;
  private final OpSpec<?> spec;
  private final DataFamily family;
  private final CaseShapes shapes;
  private final Variants variants;
  private final long reduction;
  private final Optional<Set<String>> exactOutputs;
  private final Set<String> partialOutputs;
  private final Optional<String> zeroAnswer;
  private final Optional<String> equalAnswer;
  private final long sampleLimit;
  private final Optional<String> batchSymbol;
  private final Optional<Packing> packing;
  private final Filler filler;
  private final CaseName words;
  private final Optional<Sizing> sizing;

  /**
   * Runs the case with weights in the layout that the device prefers.
   *
   * @param slots the weights
   * @param spec makes the spec for a layout
   */
  public record Packing(Set<String> slots, Function<Layout, OpSpec<?>> spec) {}

  private TestCase(Builder b) {
    level = b.level;
    spec = b.spec;
    family = b.family;
    shapes = new CaseShapes(b.extents, b.shapes);
    variants = new Variants(b.placement, b.inPlace, b.absent);
    reduction = b.reduction;
    exactOutputs = b.exactOutputs;
    partialOutputs = Set.copyOf(b.partialOutputs);
    zeroAnswer = b.zeroAnswer;
    equalAnswer = b.equalAnswer;
    sampleLimit = b.sampleLimit;
    batchSymbol = b.batchSymbol;
    packing = b.packing;
    filler = b.filler;
    words = b.words;
    sizing = b.sizing;
    name = words.render(op(), family, variants, packing.isPresent());
    check();
  }

  /** Starts a case at {@link Level#L2}. */
  public static Builder of(OpSpec<?> spec, DataFamily family) {
    return new Builder(spec, family);
  }

  private void check() {
    for (Slot slot : spec.signature().slots()) {
      if (present(slot)) {
        shape(slot);
      }
      if (variants.absent().contains(slot.name()) && slot.presence() != Presence.OPTIONAL) {
        throw illegal("slot " + slot.name() + " is not optional, so it cannot be absent");
      }
      if (variants.inPlace().contains(slot.name()) && slot.inPlaceOf() == null) {
        throw illegal("slot " + slot.name() + " cannot be in place of an input");
      }
    }
  }

  private IllegalArgumentException illegal(String what) {
    return new IllegalArgumentException("case " + name + ": " + what);
  }

  /** Returns the complete name, unique in the catalogue. */
  public String name() {
    return name;
  }

  /** Returns the lowest level that contains the case. */
  public Level level() {
    return level;
  }

  /** Returns the operator. */
  public Op op() {
    return spec.op();
  }

  /** Returns the spec. */
  public OpSpec<?> spec() {
    return spec;
  }

  /** Returns what the data are like. */
  public DataFamily family() {
    return family;
  }

  /** Returns the launch sizes by symbol. */
  public Map<String, Long> extents() {
    return shapes.extents();
  }

  /** Returns what differs from the usual launch. */
  public Variants variants() {
    return variants;
  }

  /** Returns the number of products that an output element adds up; 1 when it adds up none. */
  public long reduction() {
    return reduction;
  }

  /** Returns whether an output must be the rounded exact value: no error is allowed before. */
  public boolean exact(String slot) {
    return exactOutputs.map(s -> s.contains(slot)).orElse(family == DataFamily.EXACT_INTEGER);
  }

  /** Returns whether an output has elements that the operator leaves unspecified. */
  public boolean partial(String slot) {
    return partialOutputs.contains(slot);
  }

  /** Returns why all-zero outputs are right; empty when they would be wrong. */
  public Optional<String> zeroAnswer() {
    return zeroAnswer;
  }

  /** Returns why outputs whose elements are all equal may be right; empty when they are wrong. */
  public Optional<String> equalAnswer() {
    return equalAnswer;
  }

  /** Returns how many rows or columns the reference computes; {@link Long#MAX_VALUE} for all. */
  public long sampleLimit() {
    return sampleLimit;
  }

  /** Returns the symbol whose values are independent rows, when there is one. */
  public Optional<String> batchSymbol() {
    return batchSymbol;
  }

  /** Returns how to run with packed weights, when the case does. */
  public Optional<Packing> packing() {
    return packing;
  }

  /** Returns what fills the inputs. */
  public Filler filler() {
    return filler;
  }

  /** Returns the sizes that the name holds; empty when the case exists in one size only. */
  public long[] sizes() {
    return sizing.map(s -> words.numbers(s.labels())).orElse(new long[0]);
  }

  /** Returns how the case is made in other sizes, when it can be. */
  Optional<Sizing> sizing() {
    return sizing;
  }

  /**
   * Makes the same case with other sizes, as many as {@link #sizes()}; of {@link Level#L3}. Empty
   * where the spec or the data refuse them.
   */
  public Optional<TestCase> resized(long[] other, Placement placement) {
    try {
      Builder b = sizing.orElseThrow().remake().of(other);
      b.inPlace.addAll(variants.inPlace());
      b.absent.addAll(variants.absent());
      b.sampleLimit = sampleLimit;
      b.exactOutputs = exactOutputs;
      b.partialOutputs.addAll(partialOutputs);
      b.batchSymbol = batchSymbol;
      return Optional.of(b.placement(placement).level(Level.L3).build());
      // Specs and fillers refuse sizes in their own ways.
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Returns whether a slot has a tensor in this case. */
  public boolean present(Slot slot) {
    return slot.presence() != Presence.FORBIDDEN && !variants.absent().contains(slot.name());
  }

  /** Returns the shape of a slot's tensor. */
  public Shape shape(Slot slot) {
    return shapes.of(slot, name);
  }

  @Override
  public String toString() {
    return name;
  }

  /** Collects what a case is. */
  public static final class Builder {
    private final OpSpec<?> spec;
    private final DataFamily family;
    private final CaseName words = new CaseName();
    private final Map<String, Long> extents = new LinkedHashMap<>();
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Set<String> inPlace = new LinkedHashSet<>();
    private final Set<String> absent = new LinkedHashSet<>();
    private Level level = Level.L2;
    private Placement placement = Placement.DENSE;
    private long reduction = 1;
    private Optional<Set<String>> exactOutputs = Optional.empty();
    private final Set<String> partialOutputs = new LinkedHashSet<>();
    private Optional<String> zeroAnswer = Optional.empty();
    private Optional<String> equalAnswer = Optional.empty();
    private long sampleLimit = Long.MAX_VALUE;
    private Optional<String> batchSymbol = Optional.empty();
    private Optional<Packing> packing = Optional.empty();
    private Filler filler = Filler.DEFAULT;
    private Optional<Sizing> sizing = Optional.empty();

    private Builder(OpSpec<?> spec, DataFamily family) {
      this.spec = spec;
      this.family = family;
    }

    /** Sets the lowest level that contains the case. */
    public Builder level(Level lowest) {
      level = lowest;
      return this;
    }

    /** Names a property of the spec, in the order of the calls. */
    public Builder label(String key, Object value) {
      words.add(key, value);
      sizing = Optional.empty();
      return this;
    }

    /** Gives a symbol its value and names it, first letter in lower case. */
    public Builder extent(String symbol, long value) {
      return label(CaseName.lower(symbol), value).derived(symbol, value);
    }

    /** Gives a symbol a value that follows from what the name already says. */
    public Builder derived(String symbol, long value) {
      extents.put(symbol, value);
      return this;
    }

    /** Gives a symbol of any shape its shape and names it, for example {@code x=17x129}. */
    public Builder shape(String symbol, long... dims) {
      shapes.put(symbol, Shape.of(dims));
      return label(CaseName.lower(symbol), CaseName.text(dims));
    }

    /** Says how many products an output element adds up; thins out exact integers. */
    public Builder reduction(long terms) {
      reduction = Math.max(1, terms);
      return this;
    }

    /** Changes how tensors lie in their buffers. */
    public Builder placement(Placement other) {
      placement = other;
      return this;
    }

    /** Puts an output in place of the input that its slot allows. */
    public Builder inPlace(String output) {
      inPlace.add(output);
      return this;
    }

    /** Leaves an optional slot out. */
    public Builder absent(String slot) {
      absent.add(slot);
      return this;
    }

    /**
     * Says which outputs must be the rounded exact value; by default all of the exact-integer
     * family and none of the others.
     */
    public Builder exactOutputs(String... slots) {
      exactOutputs = Optional.of(Set.of(slots));
      return this;
    }

    /**
     * Says which outputs have elements that the operator leaves unspecified, such as rows of
     * padding; only the reference's elements of them are looked at.
     */
    public Builder partialOutputs(String... slots) {
      partialOutputs.addAll(List.of(slots));
      return this;
    }

    /** Says why all-zero or empty outputs are right; without it such a case is not trusted. */
    public Builder zeroAnswer(String reason) {
      sizing = Optional.empty();
      zeroAnswer = Optional.of(reason);
      return this;
    }

    /** Says why equal elements may be right; without it such a case is not trusted. */
    public Builder equalAnswer(String reason) {
      equalAnswer = Optional.of(reason);
      return this;
    }

    /** Lets the reference compute at most so many rows (or columns) of each output. */
    public Builder sampled(long limit) {
      sampleLimit = limit;
      return this;
    }

    /**
     * Says that values of a symbol are independent rows: every tensor that has the symbol as an
     * extent by itself can be cut there, and the rows' results must stay the same.
     */
    public Builder batch(String symbol) {
      batchSymbol = Optional.of(symbol);
      return this;
    }

    /** Runs with the given weights in the layout that the device prefers. */
    public Builder packed(Function<Layout, OpSpec<?>> specOf, String... slots) {
      sizing = Optional.empty();
      packing = Optional.of(new Packing(new LinkedHashSet<>(List.of(slots)), specOf));
      return this;
    }

    /** Fills inputs that are not plain floats. */
    public Builder filler(Filler fill) {
      filler = fill;
      sizing = Optional.empty();
      return this;
    }

    /**
     * Says how to make the same case with other sizes. Called last: a label, a filler, a packing or
     * a reason for zeros that comes later binds the case to its sizes.
     *
     * @param labels the labels that hold the sizes
     */
    public Builder resizable(Sizing.Remake remake, String... labels) {
      sizing = Optional.of(new Sizing(List.of(labels), remake));
      return this;
    }

    /** Finishes the case. */
    public TestCase build() {
      return new TestCase(this);
    }
  }
}
