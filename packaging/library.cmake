# SPDX-License-Identifier: Apache-2.0
# libkeyward.so and libkeyward.a: the rooms below lib/, of which only the symbols in keyward.map are seen outside.
set(KEYWARD_SOVERSION 0)

add_library(libkeyward SHARED $<TARGET_OBJECTS:kw_lib>)
target_link_libraries(libkeyward PRIVATE kw_lib)
target_link_options(libkeyward PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/agent/lib/keyward.map -Wl,-z,nodelete)
set_target_properties(libkeyward PROPERTIES OUTPUT_NAME keyward LINKER_LANGUAGE C VERSION ${PROJECT_VERSION}
                      SOVERSION ${KEYWARD_SOVERSION} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
                      LINK_DEPENDS ${CMAKE_SOURCE_DIR}/agent/lib/keyward.map)

# The archive is one object, so that nothing but the public symbols can meet those of the host.
if(NOT KEYWARD_SANITIZE)
  set(rooms lib service keys policy azure evidence collateral jose http config util)
  list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_FILE:kw_\\1>" OUTPUT_VARIABLE archives)
  list(TRANSFORM rooms PREPEND kw_)
  set(KEYWARD_ARCHIVE ${CMAKE_BINARY_DIR}/libkeyward.a)
  add_custom_command(OUTPUT ${KEYWARD_ARCHIVE}
    COMMAND ${CMAKE_LINKER} -r -o keyward.o $<TARGET_OBJECTS:kw_lib> --start-group ${archives} --end-group
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=keyward_* keyward.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${KEYWARD_ARCHIVE}
    COMMAND ${CMAKE_AR} qcs ${KEYWARD_ARCHIVE} keyward.o
    DEPENDS ${rooms} COMMAND_EXPAND_LISTS VERBATIM COMMENT "Linking libkeyward.a")
  add_custom_target(libkeyward-static ALL DEPENDS ${KEYWARD_ARCHIVE})
endif()
