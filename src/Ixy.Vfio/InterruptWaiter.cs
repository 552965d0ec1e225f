using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// Waits for interrupt vectors of one or more functions with epoll(7). It does not own the vectors; disposed ones leave
/// the set by themselves. All functions must have the same clock (<see cref="PciDevice.Clock"/>). For one thread at a
/// time, except for <see cref="Wake"/>.
/// </summary>
public sealed unsafe class InterruptWaiter : IDisposable
{
    private const int MostAtOnce = 64;

    // The kernel packs struct epoll_event on x86 only: 32 bits of events, then 64 of the caller's data.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 4 : 8;
    private static readonly int s_eventLength = s_dataOffset + 8;

    private const ulong WakeData = ulong.MaxValue;

    private readonly List<InterruptVector> _vectors = [];
    // Not a Lock: one allocates when two threads meet in it, and packet threads wait here.
    private readonly object _wakeLock = new();
    private int _epoll, _wake = -1;

    /// <summary>Creates a waiter for these vectors; more may be added.</summary>
    /// <exception cref="PciDeviceException">No file descriptor is left for it.</exception>
    public InterruptWaiter(params IEnumerable<InterruptVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0) throw new PciDeviceException($"no descriptor to wait for interrupts: {Libc.LastError()}");
        try
        {
            _wake = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
            if (_wake < 0 || !TryAdd(_wake, WakeData))
                throw new PciDeviceException($"no event descriptor to wake a waiting thread: {Libc.LastError()}");
            foreach (var vector in vectors) Add(vector);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Adds a vector to wait for.</summary>
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
    /// It returns with the first one without waiting for others: of vectors that fire together, as at the end of a
    /// connection, some may be returned only by a later call.
    /// </summary>
    /// <param name="fired">Receives the vectors that have fired; those that do not fit are returned by the next
    /// call.</param>
    /// <param name="timeout">The longest wait, in real time in whole milliseconds;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>How many were found to have fired; 0 if the timeout passed or <see cref="Wake"/> was called.</returns>
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
        // The kernel waits in real time; with another clock this only polls it, and time passes in between.
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
                // Another thread may have taken the count in the meantime.
                if (vector.TakeCount() > 0) fired[count++] = vector;
            }
            if (count > 0 || isWoken || left <= TimeSpan.Zero) return count;
            device?.TryPass(left);
        }
    }

    /// <summary>
    /// Ends another thread's current wait, or else its next one. For any thread; does nothing after disposal.
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
        // Rounded up to the next millisecond: with less it would poll again and again.
        int milliseconds = longest == TimeSpan.MaxValue ? -1
            : (int)Math.Clamp(Math.Ceiling(longest.TotalMilliseconds), 0, int.MaxValue);
        int ready = Libc.epoll_wait(_epoll, events, most, milliseconds);
        if (ready >= 0) return ready;
        // One of the runtime's own signals.
        return Marshal.GetLastPInvokeError() == Libc.EINTR ? 0
            : throw new PciDeviceException($"epoll_wait: {Libc.LastError()}");
    }
}
