# Finds every third-party library. An installed package that is new enough is preferred; otherwise
# the folder that cmake/bootstrap.sh prepared is used. ngtcp2 and the TLS library always come as a
# pair, because ngtcp2's glue must be compiled against the very TLS library that is linked.
#
#   Boost >= 1.86 (headers, program_options, json)   QuicEther::boost_program_options, …_json
#   prometheus-cpp >= 1.0 (its core alone)
#   fmt >= 9, toml++ >= 3.3, libnl-route-3 >= 3.5    Catch2 >= 3.4 and benchmark for tests, bench
#   a TLS library with BoringSSL's API               QuicEther::tls
#   ngtcp2 1.11 and its BoringSSL glue               quicether_ngtcp2

execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/bootstrap.sh" --print-dir
                OUTPUT_VARIABLE quicether_deps_default OUTPUT_STRIP_TRAILING_WHITESPACE)
set(QUICETHER_DEPS_DIR "${quicether_deps_default}"
    CACHE PATH "The folder that cmake/bootstrap.sh prepared")
set(quicether_prefix "${QUICETHER_DEPS_DIR}/prefix")
set(quicether_advice "run cmake/bootstrap.sh first, or name the place in CMAKE_PREFIX_PATH")

# find_package with the prepared folder as the last place to look.
macro(quicether_find_package name version)
  find_package(${name} ${version} CONFIG QUIET ${ARGN} PATHS "${quicether_prefix}")
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "QuicEther needs ${name} >= ${version}: ${quicether_advice}")
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
quicether_find_package(fmt 9)

# ---- Boost: headers and compiled libraries of one release -------------------------------------

find_package(boost_program_options 1.86 CONFIG QUIET)
find_package(boost_json 1.86 CONFIG QUIET)
if(TARGET Boost::program_options AND TARGET Boost::json)
  add_library(QuicEther::boost_program_options ALIAS Boost::program_options)
  add_library(QuicEther::boost_json ALIAS Boost::json)
else()
  find_package(Boost 1.86 CONFIG QUIET PATHS "${quicether_prefix}" NO_DEFAULT_PATH)
  if(NOT Boost_FOUND)
    message(FATAL_ERROR "QuicEther needs Boost >= 1.86: ${quicether_advice}")
  endif()
  foreach(name program_options json)
    add_library(QuicEther::boost_${name} STATIC IMPORTED)
    set_target_properties(QuicEther::boost_${name} PROPERTIES
      IMPORTED_LOCATION "${quicether_prefix}/lib/libboost_${name}.a")
    target_link_libraries(QuicEther::boost_${name} INTERFACE Boost::headers)
  endforeach()
endif()

# ---- The TLS library ---------------------------------------------------------------------------

if(QUICETHER_TLS STREQUAL "auto")
  if(QUICETHER_BORINGSSL_ROOT)
    set(quicether_tls boringssl)
  elseif(EXISTS "${QUICETHER_DEPS_DIR}/tls/aws-lc")
    set(quicether_tls aws-lc)
  else()
    set(quicether_tls debian-boringssl)
  endif()
else()
  set(quicether_tls "${QUICETHER_TLS}")
endif()
if(quicether_tls STREQUAL "boringssl")
  set(quicether_tls_root "${QUICETHER_BORINGSSL_ROOT}")
  set(quicether_tls_advice "name a prefix or build folder of BoringSSL in QUICETHER_BORINGSSL_ROOT")
else()
  set(quicether_tls_root "${QUICETHER_DEPS_DIR}/tls/${quicether_tls}")
  set(quicether_tls_advice "run cmake/bootstrap.sh --tls ${quicether_tls} first")
endif()

# A build folder of BoringSSL has its headers beside it or one level up, and its libraries at the
# top or in a folder each. <openssl/base.h> exists in BoringSSL and its forks, not in OpenSSL.
unset(quicether_tls_include)
unset(quicether_tls_ssl)
unset(quicether_tls_crypto)
find_path(quicether_tls_include openssl/base.h NO_DEFAULT_PATH NO_CACHE
          PATHS "${quicether_tls_root}" PATH_SUFFIXES include ../include ../src/include)
find_library(quicether_tls_ssl NAMES libssl.a ssl NO_DEFAULT_PATH NO_CACHE
             PATHS "${quicether_tls_root}" PATH_SUFFIXES lib lib64 ssl .)
find_library(quicether_tls_crypto NAMES libcrypto.a crypto NO_DEFAULT_PATH NO_CACHE
             PATHS "${quicether_tls_root}" PATH_SUFFIXES lib lib64 crypto .)
if(NOT quicether_tls_include OR NOT quicether_tls_ssl OR NOT quicether_tls_crypto)
  message(FATAL_ERROR "No TLS library '${quicether_tls}' in '${quicether_tls_root}': "
                      "${quicether_tls_advice}")
endif()
add_library(QuicEther::tls INTERFACE IMPORTED)
target_include_directories(QuicEther::tls SYSTEM INTERFACE "${quicether_tls_include}")
target_link_libraries(QuicEther::tls INTERFACE
  "${quicether_tls_ssl}" "${quicether_tls_crypto}" Threads::Threads)
string(REGEX MATCH "\\.a$" quicether_tls_is_static "${quicether_tls_ssl}")

file(STRINGS "${quicether_tls_include}/openssl/ssl.h" quicether_tls_pq
     REGEX "define SSL_GROUP_X25519_MLKEM768 " LIMIT_COUNT 1)
if(quicether_tls_pq)
  message(STATUS "TLS library: ${quicether_tls}, with X25519MLKEM768")
else()
  message(WARNING "TLS library ${quicether_tls} has NO POST-QUANTUM KEY EXCHANGE (X25519MLKEM768): "
                  "sessions recorded today can be decrypted by a later quantum computer. "
                  "Use the default, QUICETHER_TLS=aws-lc, or an upstream BoringSSL.")
endif()

# ---- ngtcp2 and its glue -----------------------------------------------------------------------

set(quicether_ngtcp2_root "${QUICETHER_DEPS_DIR}/ngtcp2/${QUICETHER_NGTCP2}")
set(quicether_glue "${quicether_ngtcp2_root}/glue")
if(NOT EXISTS "${quicether_glue}/boringssl.c")
  message(FATAL_ERROR "QuicEther needs ngtcp2: ${quicether_advice}")
endif()
add_library(quicether_ngtcp2 STATIC "${quicether_glue}/boringssl.c" "${quicether_glue}/shared.c")
set_target_properties(quicether_ngtcp2 PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(quicether_ngtcp2 PRIVATE HAVE_ARPA_INET_H HAVE_NETINET_IN_H
                           PUBLIC NGTCP2_STATICLIB)
target_include_directories(quicether_ngtcp2 PRIVATE "${quicether_glue}")
target_include_directories(quicether_ngtcp2 SYSTEM PUBLIC "${quicether_ngtcp2_root}/include")
target_link_libraries(quicether_ngtcp2 PUBLIC "${quicether_ngtcp2_root}/lib/libngtcp2.a"
                      QuicEther::tls)

# ---- Used by the management layer and the Linux platform ---------------------------------------

quicether_find_package(tomlplusplus 3.3)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libnl REQUIRED IMPORTED_TARGET libnl-route-3.0>=3.5)
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core>=1.0)
