package org.touchstone.backends.cuda.jcuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** Calls about streams and events. */
abstract class JcudaStreamCalls extends JcudaMemoryCalls {
  @Override
  public Stream streamCreate() {
    Handles.OfStream stream = new Handles.OfStream();
    check(
        "cuStreamCreate",
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return stream;
  }

  @Override
  public void streamDestroy(Stream stream) {
    check("cuStreamDestroy", JCudaDriver.cuStreamDestroy((CUstream) stream));
  }

  @Override
  public void streamSynchronize(Stream stream) {
    check("cuStreamSynchronize", JCudaDriver.cuStreamSynchronize((CUstream) stream));
  }

  @Override
  public boolean streamQuery(Stream stream) {
    return done("cuStreamQuery", JCudaDriver.cuStreamQuery((CUstream) stream));
  }

  private boolean done(String call, int code) {
    if (code == CUresult.CUDA_ERROR_NOT_READY) {
      return false;
    }
    check(call, code);
    return true;
  }

  @Override
  public void streamWaitEvent(Stream stream, Event event) {
    check(
        "cuStreamWaitEvent", JCudaDriver.cuStreamWaitEvent((CUstream) stream, (CUevent) event, 0));
  }

  @Override
  public Event eventCreate(Timing timing) {
    Handles.OfEvent event = new Handles.OfEvent();
    int flags =
        timing == Timing.ENABLED
            ? CUevent_flags.CU_EVENT_DEFAULT
            : CUevent_flags.CU_EVENT_DISABLE_TIMING;
    check("cuEventCreate", JCudaDriver.cuEventCreate(event, flags));
    return event;
  }

  @Override
  public void eventDestroy(Event event) {
    check("cuEventDestroy", JCudaDriver.cuEventDestroy((CUevent) event));
  }

  @Override
  public void eventRecord(Event event, Stream stream) {
    check("cuEventRecord", JCudaDriver.cuEventRecord((CUevent) event, (CUstream) stream));
  }

  @Override
  public boolean eventQuery(Event event) {
    return done("cuEventQuery", JCudaDriver.cuEventQuery((CUevent) event));
  }

  @Override
  public void eventSynchronize(Event event) {
    check("cuEventSynchronize", JCudaDriver.cuEventSynchronize((CUevent) event));
  }

  @Override
  public float eventElapsedTime(Event start, Event end) {
    float[] milliseconds = new float[1];
    check(
        "cuEventElapsedTime",
        JCudaDriver.cuEventElapsedTime(milliseconds, (CUevent) start, (CUevent) end));
    return milliseconds[0];
  }
}
