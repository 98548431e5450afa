/**
 * The backend to copy: it compiles, is found, describes itself, and answers everything else with a
 * typed refusal.
 *
 * <p>Copy the package into a module of its own, rename it, and register the provider in {@code
 * module-info.java} and in {@code META-INF/services}. Then fill it in from the top: {@link
 * org.touchstone.backends.template.TemplateProvider#probe} finds devices, {@link
 * org.touchstone.backends.template.TemplateMemory} and {@link
 * org.touchstone.backends.template.TemplateQueue} carry bytes, and {@link
 * org.touchstone.backends.template.TemplateDevice#plan} takes one operator after the other.
 */
@NullMarked
package org.touchstone.backends.template;

import org.jspecify.annotations.NullMarked;
