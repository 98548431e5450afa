package org.touchstone.api;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Says what ran one submission.
 *
 * @param operator the operator's name, or {@code copy}
 * @param backend the backend's name
 * @param device the device's URI
 * @param kernel the kernel's name, variant included
 * @param evidence what executed it
 * @param workspaceBytes scratch memory that the launch took from its queue's workspace, in bytes
 * @param deviceTime time on the device, when it is measured
 * @param notes what a reader should know, for example that the device is a fallback
 */
public record Receipt(
    String operator,
    String backend,
    String device,
    String kernel,
    Evidence evidence,
    long workspaceBytes,
    Optional<Duration> deviceTime,
    List<String> notes) {
  /** Copies the notes. */
  public Receipt {
    notes = List.copyOf(notes);
  }
}
