package org.touchstone.tools.model.inference;

/** What happens to a weight that the device's kernel reads faster in another layout. */
public enum Packing {
  /** It is packed once, when the model is loaded; the plain copy, if there was one, is freed. */
  PREFERRED,
  /** It stays as the checkpoint has it. */
  OFF
}
