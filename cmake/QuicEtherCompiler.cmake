# quicether_compiler: the language, warnings, hardening and sanitizers of every target of this
# project. Linked PRIVATE, so nothing of it reaches an embedder.

add_library(quicether_compiler INTERFACE)
target_compile_features(quicether_compiler INTERFACE cxx_std_20)
target_compile_options(quicether_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(QUICETHER_WERROR)
  target_compile_options(quicether_compiler INTERFACE -Werror)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(QUICETHER_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "QUICETHER_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++-19")
endif()

if(QUICETHER_SANITIZE)
  # The check of virtual tables opens pipes to look at memory: wrong where tests use up descriptors.
  set(quicether_sanitize_options -fsanitize=${QUICETHER_SANITIZE} -fno-sanitize=vptr
      -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
  target_compile_options(quicether_compiler INTERFACE ${quicether_sanitize_options})
  target_link_options(quicether_compiler INTERFACE ${quicether_sanitize_options})
else()
  # With sanitizers, fortified functions would hide errors from them.
  target_compile_options(quicether_compiler INTERFACE -fstack-protector-strong
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  target_link_options(quicether_compiler INTERFACE -Wl,-z,relro,-z,now)
endif()
target_compile_definitions(quicether_compiler INTERFACE _GLIBCXX_ASSERTIONS)
if(QUICETHER_FUZZ)
  target_compile_options(quicether_compiler INTERFACE -fsanitize=fuzzer-no-link)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

find_program(quicether_ccache ccache)
if(PROJECT_IS_TOP_LEVEL AND quicether_ccache AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${quicether_ccache}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${quicether_ccache}")
endif()
