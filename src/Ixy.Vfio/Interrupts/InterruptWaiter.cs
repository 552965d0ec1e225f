using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// Waits for interrupt vectors, of one function or of several, with epoll(7). It does not own the vectors: those that are
/// disposed leave the set on their own. For one thread at a time.
/// </summary>
public sealed unsafe class InterruptWaiter : IDisposable
{
    private const int MostAtOnce = 64;

    // The kernel packs struct epoll_event on x86 only: 32 bits of events, then 64 of the caller's data.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 4 : 8;
    private static readonly int s_eventLength = s_dataOffset + 8;

    private readonly List<InterruptVector> _vectors = [];
    private int _epoll;

    /// <summary>Makes a waiter for these vectors; more may be added.</summary>
    /// <exception cref="PciDeviceException">No descriptor is left for it.</exception>
    public InterruptWaiter(params IEnumerable<InterruptVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0) throw new PciDeviceException($"no descriptor to wait for interrupts: {Libc.LastError()}");
        try
        {
            foreach (var vector in vectors) Add(vector);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Also waits for this vector.</summary>
    /// <exception cref="PciDeviceException">The vector is in the set already, or was disposed.</exception>
    public void Add(InterruptVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        byte* change = stackalloc byte[s_eventLength];
        *(uint*)change = Libc.EPOLLIN;
        *(ulong*)(change + s_dataOffset) = (ulong)_vectors.Count;
        if (Libc.epoll_ctl(_epoll, Libc.EPOLL_CTL_ADD, vector.EventDescriptor, change) < 0)
            throw new PciDeviceException($"interrupt vector {vector.Index} cannot be waited for: {Libc.LastError()}");
        _vectors.Add(vector);
    }

    /// <summary>Waits until a vector has fired, and takes the count of each that has (<see cref="InterruptVector.TakeCount"/>).</summary>
    /// <param name="fired">Receives the vectors that have fired; those for which there is no room stay for the next call.</param>
    /// <param name="timeout">At most this long, in whole milliseconds; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <returns>How many have fired; 0 when the time is over.</returns>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    public int Wait(Span<InterruptVector> fired, TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_epoll < 0, this);
        if (fired.IsEmpty) throw new ArgumentException("no room for a vector: expected a span of one or more", nameof(fired));
        long end = timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        int most = Math.Min(fired.Length, MostAtOnce);
        byte* events = stackalloc byte[MostAtOnce * s_eventLength];
        while (true)
        {
            int ready = WaitOnce(events, most, end);
            int count = 0;
            for (int i = 0; i < ready; i++)
            {
                var data = new ReadOnlySpan<byte>(events + i * s_eventLength + s_dataOffset, sizeof(ulong));
                var vector = _vectors[(int)BinaryPrimitives.ReadUInt64LittleEndian(data)];
                // Somebody else may have taken the count in between.
                if (vector.TakeCount() > 0) fired[count++] = vector;
            }
            if (count > 0 || Environment.TickCount64 >= end) return count;
        }
    }

    /// <summary>Closes the waiter's descriptor. Does nothing the second time.</summary>
    public void Dispose()
    {
        if (_epoll >= 0) _ = Libc.close(_epoll);
        _epoll = -1;
    }

    private int WaitOnce(byte* events, int most, long end)
    {
        long left = end == long.MaxValue ? -1 : Math.Clamp(end - Environment.TickCount64, 0, int.MaxValue);
        int ready = Libc.epoll_wait(_epoll, events, most, (int)left);
        if (ready >= 0) return ready;
        // A signal of the runtime's own.
        return Marshal.GetLastPInvokeError() == Libc.EINTR ? 0 : throw new PciDeviceException($"epoll_wait: {Libc.LastError()}");
    }
}
