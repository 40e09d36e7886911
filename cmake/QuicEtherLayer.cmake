# quicether_layer(<name> DIRS <folder below src>… [DEPS <layer>…] [LINK <target>…] [PRIVATE <target>…])
#
# Declares the target quicether_<name> from every .cpp in the folders. What is not among DEPS cannot
# be linked: the link line is the layering rule, and tests/tidy holds the #include lines to it too.
# LINK are third-party libraries that the layer's headers use, PRIVATE those only its sources use.
function(quicether_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 layer "" "" "DIRS;DEPS;LINK;PRIVATE")
  set(target quicether_${name})
  list(TRANSFORM layer_DEPS PREPEND quicether_)
  set(sources)
  foreach(folder IN LISTS layer_DIRS)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/libquicether/src/${folder}/*.cpp")
    list(APPEND sources ${found})
  endforeach()

  if(NOT sources) # headers only
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
      ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/libquicether/layers")
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/libquicether/src")
    target_link_libraries(${target} PRIVATE quicether_compiler ${layer_PRIVATE})
  endif()
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope} "${PROJECT_SOURCE_DIR}/libquicether/include"
                             "${PROJECT_BINARY_DIR}/libquicether/include")
  target_link_libraries(${target} ${scope} ${layer_DEPS} ${layer_LINK})
endfunction()

# quicether_objects(<variable> <layer>…): the object files of the layers, for a library made of them.
function(quicether_objects variable)
  set(objects)
  foreach(layer IN LISTS ARGN)
    get_target_property(type quicether_${layer} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND objects "$<TARGET_OBJECTS:quicether_${layer}>")
    endif()
  endforeach()
  set(${variable} ${objects} PARENT_SCOPE)
endfunction()
