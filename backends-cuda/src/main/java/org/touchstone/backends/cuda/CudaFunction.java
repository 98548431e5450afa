package org.touchstone.backends.cuda;

import org.touchstone.backends.cuda.driver.CudaDriver;

/**
 * A loaded kernel.
 *
 * @param name its name in the module
 * @param handle the driver's handle
 */
public record CudaFunction(String name, CudaDriver.Function handle) {}
