using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.Interrupts;

/// <summary>
/// Adds to the counts of events without ever waiting. A write would wait while a count is full, and a client can fill it up in
/// the very moment in which the card signals it. The kernel itself does not wait when it signals: so a read of nothing is
/// submitted, whose end it signals (io_submit(2), IOCB_FLAG_RESFD). A count that is full stays full then. Thread-safe.
/// </summary>
internal static unsafe class EventSignal
{
    // Ends that nobody has looked at yet; nobody needs to, but the kernel keeps them.
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

    // Where the kernel has no asynchronous input and output. An event that is full is lost then.
    private static void WriteIfPossible(int descriptor)
    {
        var entry = new Libc.PollEntry { fd = descriptor, events = Libc.POLLOUT };
        if (Libc.poll(&entry, 1, 0) != 1 || (entry.ready & Libc.POLLOUT) == 0) return;
        ulong one = 1;
        _ = Libc.write(descriptor, &one, sizeof(ulong));
    }
}
