package org.touchstone.api;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.touchstone.api.op.OpSpec;

/**
 * Says which device a program wants. Immutable: every method returns a new selection.
 *
 * <pre>{@code
 * Device device = hal.select(Selection.require(spec).prefer(DeviceKind.GPU));
 * }</pre>
 */
public final class Selection {
  private final List<OpSpec<?>> required;
  private final List<DeviceKind> preferred;
  private final Set<DeviceKind> allowed;
  private final Optional<String> uri;
  private final FallbackPolicy fallback;
  private final Optional<Comparator<DeviceInfo>> order;

  private Selection(
      List<OpSpec<?>> required,
      List<DeviceKind> preferred,
      Set<DeviceKind> allowed,
      Optional<String> uri,
      FallbackPolicy fallback,
      Optional<Comparator<DeviceInfo>> order) {
    this.required = List.copyOf(required);
    this.preferred = List.copyOf(preferred);
    this.allowed = Collections.unmodifiableSet(EnumSet.copyOf(allowed));
    this.uri = uri;
    this.fallback = fallback;
    this.order = order;
  }

  /** Accepts every device. */
  public static Selection any() {
    return require();
  }

  /** Accepts the devices that run all the given specs. */
  public static Selection require(OpSpec<?>... specs) {
    return new Selection(
        List.of(specs),
        List.of(),
        EnumSet.allOf(DeviceKind.class),
        Optional.empty(),
        FallbackPolicy.FAIL,
        Optional.empty());
  }

  /** Demands further specs. */
  public Selection and(OpSpec<?>... specs) {
    List<OpSpec<?>> all = new ArrayList<>(required);
    all.addAll(List.of(specs));
    return new Selection(all, preferred, allowed, uri, fallback, order);
  }

  /** Ranks the given kinds first, in this order; other kinds stay candidates. */
  public Selection prefer(DeviceKind... kinds) {
    return new Selection(required, List.of(kinds), allowed, uri, fallback, order);
  }

  /** Restricts the candidates to the given kinds. */
  public Selection only(DeviceKind first, DeviceKind... more) {
    return new Selection(required, preferred, EnumSet.of(first, more), uri, fallback, order);
  }

  /** Demands one device by its URI. */
  public Selection on(String deviceUri) {
    return new Selection(required, preferred, allowed, Optional.of(deviceUri), fallback, order);
  }

  /**
   * Says what happens when {@link #on} or {@link #only} cannot be met; {@link FallbackPolicy#FAIL}
   * by default.
   */
  public Selection fallback(FallbackPolicy policy) {
    return new Selection(required, preferred, allowed, uri, policy, order);
  }

  /** Ranks the remaining candidates by the program's own order, before the built-in one. */
  public Selection orderedBy(Comparator<DeviceInfo> comparator) {
    return new Selection(required, preferred, allowed, uri, fallback, Optional.of(comparator));
  }

  /** Returns the specs that the device must run. */
  public List<OpSpec<?>> required() {
    return required;
  }

  /** Returns the kinds ranked first. */
  public List<DeviceKind> preferred() {
    return preferred;
  }

  /** Returns the kinds that are candidates at all. */
  public Set<DeviceKind> allowed() {
    return allowed;
  }

  /** Returns the demanded device's URI. */
  public Optional<String> uri() {
    return uri;
  }

  /** Returns the fallback policy. */
  public FallbackPolicy fallback() {
    return fallback;
  }

  /** Returns the program's own order. */
  public Optional<Comparator<DeviceInfo>> order() {
    return order;
  }
}
