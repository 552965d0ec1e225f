using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// Waits for interrupt vectors, of one function or of several, with epoll(7). It does not own the vectors: those that
/// are disposed leave the set on their own. The functions have one clock (<see cref="PciDevice.Clock"/>). For one
/// thread at a time, but for <see cref="Wake"/>.
/// </summary>
public sealed unsafe class InterruptWaiter : IDisposable
{
    private const int MostAtOnce = 64;

    // The kernel packs struct epoll_event on x86 only: 32 bits of events, then 64 of the caller's data.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 4 : 8;
    private static readonly int s_eventLength = s_dataOffset + 8;

    private const ulong WakeData = ulong.MaxValue;

    private readonly List<InterruptVector> _vectors = [];
    // No Lock: one allocates where two threads meet in it, and packet threads wait here.
    private readonly object _wakeLock = new();
    private int _epoll, _wake = -1;

    /// <summary>Makes a waiter for these vectors; more may be added.</summary>
    /// <exception cref="PciDeviceException">No descriptor is left for it.</exception>
    public InterruptWaiter(params IEnumerable<InterruptVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0) throw new PciDeviceException($"no descriptor to wait for interrupts: {Libc.LastError()}");
        try
        {
            _wake = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
            if (_wake < 0 || !TryAdd(_wake, WakeData))
                throw new PciDeviceException($"no event descriptor to wake who waits: {Libc.LastError()}");
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
        if (!TryAdd(vector.EventDescriptor, (ulong)_vectors.Count))
            throw new PciDeviceException($"interrupt vector {vector.Index} cannot be waited for: {Libc.LastError()}");
        _vectors.Add(vector);
    }

    /// <summary>
    /// Waits until a vector has fired, and takes the count of each that has (<see cref="InterruptVector.TakeCount"/>).
    /// It returns with the first one, and waits for no other: of vectors that fire together, as at the end of a
    /// connection, some may come only with a further call.
    /// </summary>
    /// <param name="fired">Receives the vectors that have fired; those for which there is no room stay for the next
    /// call.</param>
    /// <param name="timeout">
    /// At most this long, in real time in whole milliseconds; <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// </param>
    /// <returns>How many were found to have fired; 0 when the time is over, or <see cref="Wake"/> was called.</returns>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    public int Wait(Span<InterruptVector> fired, TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_epoll < 0, this);
        if (fired.IsEmpty)
            throw new ArgumentException("no room for a vector: expected a span of one or more", nameof(fired));
        var device = _vectors.Count > 0 ? _vectors[0].Device : null;
        var clock = device?.Clock ?? TimeProvider.System;
        long start = clock.GetTimestamp();
        int most = Math.Min(fired.Length, MostAtOnce);
        byte* events = stackalloc byte[MostAtOnce * s_eventLength];
        // The kernel waits in real time; on another clock it is only asked, and time passes in between.
        bool isReal = ReferenceEquals(clock, TimeProvider.System);
        while (true)
        {
            var left = timeout == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : timeout - clock.GetElapsedTime(start);
            int ready = WaitOnce(events, most, isReal ? left : TimeSpan.Zero);
            int count = 0;
            bool isWoken = false;
            for (int i = 0; i < ready; i++)
            {
                ulong data = BinaryPrimitives.ReadUInt64LittleEndian(
                    new(events + i * s_eventLength + s_dataOffset, sizeof(ulong)));
                if (data == WakeData)
                {
                    isWoken = TakeWake();
                    continue;
                }
                var vector = _vectors[(int)data];
                // Somebody else may have taken the count in between.
                if (vector.TakeCount() > 0) fired[count++] = vector;
            }
            if (count > 0 || isWoken || left <= TimeSpan.Zero) return count;
            device?.TryPass(left);
        }
    }

    /// <summary>
    /// Ends the wait of another thread at once, or the next wait. For any thread; does nothing after disposal.
    /// </summary>
    public void Wake()
    {
        ulong one = 1;
        lock (_wakeLock)
        {
            if (_wake >= 0) _ = Libc.write(_wake, &one, sizeof(ulong));
        }
    }

    /// <summary>Closes the waiter's descriptors. Does nothing the second time.</summary>
    public void Dispose()
    {
        if (_epoll >= 0) _ = Libc.close(_epoll);
        _epoll = -1;
        lock (_wakeLock)
        {
            if (_wake >= 0) _ = Libc.close(_wake);
            _wake = -1;
        }
    }

    private bool TryAdd(int descriptor, ulong data)
    {
        byte* change = stackalloc byte[s_eventLength];
        *(uint*)change = Libc.EPOLLIN;
        *(ulong*)(change + s_dataOffset) = data;
        return Libc.epoll_ctl(_epoll, Libc.EPOLL_CTL_ADD, descriptor, change) == 0;
    }

    private bool TakeWake()
    {
        ulong count = 0;
        return Libc.read(_wake, &count, sizeof(ulong)) == sizeof(ulong);
    }

    private int WaitOnce(byte* events, int most, TimeSpan longest)
    {
        // Up to the next millisecond: a wait of less would look again and again.
        int milliseconds = longest == TimeSpan.MaxValue ? -1
            : (int)Math.Clamp(Math.Ceiling(longest.TotalMilliseconds), 0, int.MaxValue);
        int ready = Libc.epoll_wait(_epoll, events, most, milliseconds);
        if (ready >= 0) return ready;
        // A signal of the runtime's own.
        return Marshal.GetLastPInvokeError() == Libc.EINTR ? 0
            : throw new PciDeviceException($"epoll_wait: {Libc.LastError()}");
    }
}
