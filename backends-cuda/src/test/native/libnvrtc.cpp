// A stand-in for NVRTC: a cubin is the text "nvrtc of NAME"; every call is written to a log. Told by the environment:
//   STANDIN_LOG    file to which calls are appended
//   STANDIN_NVRTC  "VERSION ARCHITECTURES ERROR": "12080 80,89 0"; an error other than 0 fails the compilation
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

struct Program {
  std::string name, source, made;
};

static const char* setting(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value ? value : otherwise;
}

static void write_log(const std::string& line) {
  FILE* file = fopen(setting("STANDIN_LOG", "/dev/null"), "a");
  fprintf(file, "%s\n", line.c_str());
  fclose(file);
}

static std::string word(int number) {
  std::string text = setting("STANDIN_NVRTC", "12080 80,89 0"), found;
  size_t at = 0;
  for (int i = 0; i <= number; i++) {
    size_t end = text.find(' ', at);
    found = text.substr(at, end == std::string::npos ? end : end - at);
    at = end + 1;
  }
  return found;
}

extern "C" {
int nvrtcVersion(int* major, int* minor) {
  int version = atoi(word(0).c_str());
  *major = version / 1000;
  *minor = version % 1000 / 10;
  return 0;
}
static int architectures(int* found) {
  std::string text = word(1);
  int count = 0;
  for (size_t at = 0; at != std::string::npos; at = text.find(',', at), at += at != std::string::npos) {
    if (found) found[count] = atoi(text.c_str() + at);
    count++;
  }
  return count;
}
int nvrtcGetNumSupportedArchs(int* count) {
  *count = architectures(nullptr);
  return 0;
}
int nvrtcGetSupportedArchs(int* found) {
  architectures(found);
  return 0;
}
int nvrtcCreateProgram(Program** program, const char* source, const char* name, int, const char**, const char**) {
  *program = new Program{name, source, ""};
  write_log(std::string("nvrtcCreateProgram ") + name);
  return 0;
}
int nvrtcCompileProgram(Program* program, int count, const char** options) {
  std::string line = "nvrtcCompileProgram";
  for (int i = 0; i < count; i++) line += std::string(" ") + options[i];
  write_log(line);
  if (program->source.find("#include") != std::string::npos || program->source.find("__global__") == std::string::npos)
    return 6;
  int error = atoi(word(2).c_str());
  program->made = error ? "add.cu(3): error: it makes no sense" : "nvrtc of " + program->name;
  return error;
}
int nvrtcGetProgramLogSize(Program* program, size_t* bytes) {
  *bytes = program->made.size() + 1;
  return 0;
}
int nvrtcGetProgramLog(Program* program, char* log) {
  memcpy(log, program->made.c_str(), program->made.size() + 1);
  return 0;
}
int nvrtcGetCUBINSize(Program* program, size_t* bytes) {
  *bytes = program->made.size();
  return 0;
}
int nvrtcGetCUBIN(Program* program, char* cubin) {
  memcpy(cubin, program->made.data(), program->made.size());
  return 0;
}
int nvrtcDestroyProgram(Program** program) {
  delete *program;
  write_log("nvrtcDestroyProgram");
  return 0;
}
const char* nvrtcGetErrorString(int code) { return code == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_OTHER"; }
}
