using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.Interrupts;

/// <summary>
/// Increments event descriptors without ever blocking. A write blocks while the count is full, and a client can fill it
/// at any moment. The kernel's own signals do not block, so this submits an empty read whose completion the kernel
/// signals (io_submit(2), IOCB_FLAG_RESFD). A full count then stays full. Thread-safe.
/// </summary>
internal static unsafe class EventSignal
{
    // Completions not collected yet. They carry no information, but the kernel keeps them until they are collected.
    private const int MostEnds = 64;

    private static readonly Lock s_lock = new();
    private static readonly int s_nothing = Libc.open("/dev/null", Libc.O_RDONLY | Libc.O_CLOEXEC);
    private static readonly nuint s_context = SetUp();

    internal static void Send(int descriptor)
    {
        lock (s_lock)
        {
            if (s_context != 0 && TrySubmit(descriptor)) return;
            WriteIfPossible(descriptor);
        }
    }

    private static nuint SetUp()
    {
        nuint context = 0;
        return s_nothing >= 0 && Libc.io_setup(MostEnds, &context) == 0 ? context : 0;
    }

    private static bool TrySubmit(int descriptor)
    {
        byte nothing;
        var read = new Libc.IoControlBlock
        {
            opcode = Libc.IOCB_CMD_PREAD,
            fd = (uint)s_nothing,
            buffer = (ulong)&nothing,
            length = 1,
            flags = Libc.IOCB_FLAG_RESFD,
            eventDescriptor = (uint)descriptor,
        };
        var list = &read;
        if (Libc.io_submit(s_context, 1, &list) == 1) return true;
        if (Marshal.GetLastPInvokeError() != Libc.EAGAIN) return false;
        var ends = stackalloc Libc.IoEvent[MostEnds];
        _ = Libc.io_getevents(s_context, 0, MostEnds, ends, null);
        return Libc.io_submit(s_context, 1, &list) == 1;
    }

    // For kernels without asynchronous I/O. There, a signal to a full event is lost.
    private static void WriteIfPossible(int descriptor)
    {
        var entry = new Libc.PollEntry { fd = descriptor, events = Libc.POLLOUT };
        if (Libc.poll(&entry, 1, 0) != 1 || (entry.ready & Libc.POLLOUT) == 0) return;
        ulong one = 1;
        _ = Libc.write(descriptor, &one, sizeof(ulong));
    }
}
