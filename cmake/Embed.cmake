# SPDX-License-Identifier: Apache-2.0
# rx_embed(TARGET FILE SYMBOL): links the bytes of FILE (relative to the source root) into TARGET as
#   extern const unsigned char SYMBOL[];   the bytes, then one NUL that is not counted
#   extern const size_t SYMBOL_len;
# The target is rebuilt when the file changes. A layer calls it from FOLDER/embed.cmake, which
# rx_layer includes when it exists.
function(rx_embed target file symbol)
    set(RX_EMBED_FILE ${PROJECT_SOURCE_DIR}/${file})
    set(RX_EMBED_SYMBOL ${symbol})
    if(NOT EXISTS ${RX_EMBED_FILE})
        message(FATAL_ERROR "rx_embed: ${file} does not exist")
    endif()
    set(generated ${PROJECT_BINARY_DIR}/embed/${symbol}.c)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/embed.c.in ${generated} @ONLY)
    set_source_files_properties(${generated} TARGET_DIRECTORY ${target}
        PROPERTIES OBJECT_DEPENDS ${RX_EMBED_FILE})
    target_sources(${target} PRIVATE ${generated})
endfunction()
