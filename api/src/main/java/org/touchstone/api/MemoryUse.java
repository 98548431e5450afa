package org.touchstone.api;

/**
 * Memory that a program holds on a device.
 *
 * @param buffers open buffers
 * @param bytes their bytes; host memory that the device uses in place counts as 0
 * @param peakBytes the largest {@code bytes} so far
 * @param workspaceBytes workspace of open queues
 */
public record MemoryUse(long buffers, long bytes, long peakBytes, long workspaceBytes) {}
