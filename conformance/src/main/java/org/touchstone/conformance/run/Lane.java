package org.touchstone.conformance.run;

import org.touchstone.api.Queue;

/**
 * What one thread runs items with.
 *
 * @param session the device, shared with other lanes
 * @param runner runs cases
 * @param queue of this lane alone
 */
public record Lane(Session session, CaseRunner runner, Queue queue) {}
