# find_package(CpythonScons REQUIRED PATHS third_party/cpython-scons/integrations/cmake NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
#
# cpython_scons_add_app(NAME SOURCE main.py [TARGET aarch64-linux-musl] [PATH dir...] [INCLUDE module...] [EXCLUDE module...] [FLASH 4M]
#                       [OPTIONS key=value...])
#
# builds ${CMAKE_CURRENT_BINARY_DIR}/NAME, one program of a Python application, and makes it a part of `all`. SOURCE and PATH are relative to
# the CMakeLists.txt that names them, and lie below the topmost one. scons knows what is up to date; so it is asked in every build. A
# toolchain that CMake has is taken over: gcc by its prefix, with CMAKE_SYSROOT; otherwise, and where no language is enabled, it is zig. TARGET is CPYTHON_SCONS_TARGET where it is not given.
set(CpythonScons_ROOT_DIR "${CMAKE_CURRENT_LIST_DIR}/../.." CACHE INTERNAL "")
find_program(CPYTHON_SCONS_SCONS scons REQUIRED)
if(NOT DEFINED CPYTHON_SCONS_TARGET)  # before policy CMP0126 set(CACHE) takes an ordinary variable's value away
  set(CPYTHON_SCONS_TARGET "" CACHE STRING "the target of all Python programs: scons targets lists them")
endif()

function(_cpython_scons_toolchain result)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER MATCHES "gcc$")
    string(REGEX REPLACE "gcc$" "" prefix "${CMAKE_C_COMPILER}")
    set(words "toolchain=gcc:${prefix}")
  elseif(CMAKE_C_COMPILER_ID STREQUAL "Clang")
    set(words "toolchain=clang:${CMAKE_C_COMPILER}")
  endif()
  if(words AND CMAKE_SYSROOT)
    list(APPEND words "sysroot=${CMAKE_SYSROOT}")
  endif()
  set(${result} "${words}" PARENT_SCOPE)
endfunction()

function(cpython_scons_add_app name)
  cmake_parse_arguments(APP "" "SOURCE;TARGET;FLASH" "PATH;INCLUDE;EXCLUDE;OPTIONS" ${ARGN})
  if(APP_UNPARSED_ARGUMENTS OR NOT APP_SOURCE)
    message(FATAL_ERROR "cpython_scons_add_app(${name}): SOURCE is missing, or a word is unknown: ${APP_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT APP_TARGET)
    set(APP_TARGET "${CPYTHON_SCONS_TARGET}")
  endif()
  if(NOT APP_TARGET)
    message(FATAL_ERROR "cpython_scons_add_app(${name}): TARGET is missing. Fix: give it, or set CPYTHON_SCONS_TARGET")
  endif()
  get_filename_component(APP_SOURCE "${APP_SOURCE}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  set(folders "")
  foreach(folder IN LISTS APP_PATH)
    get_filename_component(folder "${folder}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
    list(APPEND folders "${folder}")
  endforeach()
  set(APP_PATH "${folders}")
  _cpython_scons_toolchain(words)
  foreach(key PATH INCLUDE EXCLUDE)
    if(APP_${key})
      list(JOIN APP_${key} "," joined)
      string(TOLOWER "${key}" argument)
      list(APPEND words "${argument}=${joined}")
    endif()
  endforeach()
  if(APP_FLASH)
    list(APPEND words "flash=${APP_FLASH}")
  endif()
  add_custom_target(${name} ALL
    COMMAND "${CPYTHON_SCONS_SCONS}" -Q -C "${CMAKE_SOURCE_DIR}" -f "${CpythonScons_ROOT_DIR}/integrations/SConstruct"
            "name=${name}" "source=${APP_SOURCE}" "target=${APP_TARGET}" "output=${CMAKE_CURRENT_BINARY_DIR}/${name}"
            "build_dir=${CMAKE_BINARY_DIR}/cpython-scons" ${words} ${APP_OPTIONS}
    BYPRODUCTS "${CMAKE_CURRENT_BINARY_DIR}/${name}" USES_TERMINAL VERBATIM)
  # One scons at a time works in one folder.
  get_property(last GLOBAL PROPERTY _CPYTHON_SCONS_LAST)
  if(last)
    add_dependencies(${name} ${last})
  endif()
  set_property(GLOBAL PROPERTY _CPYTHON_SCONS_LAST ${name})
endfunction()
