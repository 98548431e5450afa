package org.touchstone.backends.hal;

import org.touchstone.backends.Instruments;

/**
 * How a queue hands out workspace.
 *
 * @param handing pooled or exact
 * @param largest most bytes that one queue may hold
 */
record WorkspaceRules(Instruments.Workspace handing, long largest) {}
