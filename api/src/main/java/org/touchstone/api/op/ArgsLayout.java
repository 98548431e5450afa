package org.touchstone.api.op;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;

/** Reads and creates argument records by their components; resolved once per record type. */
final class ArgsLayout {
  private static final ClassValue<ArgsLayout> LAYOUTS =
      new ClassValue<>() {
        @Override
        protected ArgsLayout computeValue(Class<?> type) {
          return new ArgsLayout(type);
        }
      };

  private final List<String> names;
  private final MethodHandle[] accessors;
  private final MethodHandle constructor;

  private ArgsLayout(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    if (components == null
        || Arrays.stream(components).anyMatch(c -> c.getType() != Tensor.class)) {
      throw new HalException(
          ErrorCode.INTERNAL,
          type.getName() + " must be a record of Tensor components to serve as arguments");
    }
    names = Arrays.stream(components).map(RecordComponent::getName).toList();
    accessors = new MethodHandle[components.length];
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      for (int i = 0; i < components.length; i++) {
        accessors[i] =
            lookup
                .unreflect(components[i].getAccessor())
                .asType(MethodType.methodType(Tensor.class, Args.class));
      }
      Class<?>[] types = new Class<?>[components.length];
      Arrays.fill(types, Tensor.class);
      constructor =
          lookup
              .findConstructor(type, MethodType.methodType(void.class, types))
              .asSpreader(Tensor[].class, types.length)
              .asType(MethodType.methodType(Args.class, Tensor[].class));
    } catch (ReflectiveOperationException e) {
      throw new HalException(
          ErrorCode.INTERNAL, type.getName() + " must be a public record", null, null, null, e);
    }
  }

  static ArgsLayout of(Class<?> type) {
    return LAYOUTS.get(type);
  }

  List<String> names() {
    return names;
  }

  List<@Nullable Tensor> tensors(Args args) {
    List<@Nullable Tensor> tensors = new ArrayList<>(accessors.length);
    try {
      for (MethodHandle accessor : accessors) {
        tensors.add((Tensor) accessor.invokeExact(args));
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new HalException(ErrorCode.INTERNAL, "cannot read " + args, null, null, null, e);
    }
    return Collections.unmodifiableList(tensors);
  }

  Args create(List<? extends @Nullable Tensor> tensors) {
    if (tensors.size() != names.size()) {
      throw new IllegalArgumentException(
          "expected tensors for " + names + ", got " + tensors.size());
    }
    try {
      return (Args) constructor.invokeExact(tensors.toArray(new Tensor[0]));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new HalException(
          ErrorCode.INTERNAL, "cannot create arguments " + names, null, null, null, e);
    }
  }
}
