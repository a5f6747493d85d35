/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as the input of a box connection: each frame in them is taken
 * apart, printed, copied into a message and put together again; what was packed
 * unpacks to the same octets.
 */
#include <stdlib.h>

#include "gw/msg/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_again(const struct frame *frame, struct bytes *packed)
{
    if (frame->type == FRAME_sms) {
        struct message *message = message_create(&frame->u.sms);
        struct frame copy = {.type = FRAME_sms, .u.sms = *message_sms(message)};
        frame_pack(packed, &copy);
        message_unref(message);
    } else {
        frame_pack(packed, frame);
    }
}

static void try_frame(struct slice body)
{
    struct bytes first = {0}, second = {0}, text = {0};
    struct frame frame;

    if (frame_unpack(body, &frame) != NULL)
        return;
    frame_print(&text, &frame);
    pack_again(&frame, &first);
    if (frame_unpack(slice_sub(bytes_slice(&first), 4, first.len), &frame) != NULL)
        abort();
    pack_again(&frame, &second);
    if (!slice_equal(bytes_slice(&first), bytes_slice(&second)))
        abort();
    bytes_free(&first);
    bytes_free(&second);
    bytes_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    long length;

    while ((length = frame_length(input)) > 0 && (size_t)length <= input.len) {
        try_frame(slice_sub(input, 4, (size_t)length - 4));
        input = slice_sub(input, (size_t)length, input.len);
    }
    return 0;
}
