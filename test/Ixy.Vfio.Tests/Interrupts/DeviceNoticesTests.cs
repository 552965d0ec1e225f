using Ixy.Vfio.Interop;
using Ixy.Vfio.Interrupts;

namespace Ixy.Vfio.Tests.Interrupts;

/// <summary>
/// What the kernel reports about a function through VFIO's error and request interrupts; the test acts as the kernel.
/// </summary>
public sealed unsafe class DeviceNoticesTests
{
    private const int ErrorIndex = 3, RequestIndex = 4;

    private readonly ManualClock _clock = new();
    private readonly Dictionary<int, int> _descriptors = [];

    [Fact]
    public void ARequestIsFoundByTheTimer()
    {
        using var notices = Connect();
        _clock.Tick();
        Assert.Null(notices.Found);
        Signal(RequestIndex);
        Assert.Null(notices.Found);
        _clock.Tick();
        var found = Assert.IsType<DeviceRequestedException>(notices.Found);
        Assert.StartsWith("0000:03:00.0: the kernel asks for the device back", found.Message);
        // The kernel repeats its request every ten seconds; it is still the same request.
        Signal(RequestIndex);
        _clock.Tick();
        Assert.Same(found, notices.Found);
    }

    [Fact]
    public void AnErrorIsFoundByALook()
    {
        using var notices = Connect();
        Signal(ErrorIndex);
        notices.Look();
        Assert.IsType<DeviceGoneException>(notices.Found);
        Assert.Contains("AER", notices.Found.Message);
    }

    [Theory]
    [InlineData(ErrorIndex)]
    [InlineData(RequestIndex)]
    public void AKernelWithoutOneOfThemStillTellsTheOther(int missing)
    {
        using var notices = Connect(missing);
        Signal(ErrorIndex + RequestIndex - missing);
        _clock.Tick();
        Assert.NotNull(notices.Found);
    }

    [Fact]
    public void AKernelWithoutEitherIsNotAsked()
    {
        using var notices = Connect(ErrorIndex, RequestIndex);
        Assert.Equal(0, _clock.Timers);
        notices.Look();
        Assert.Null(notices.Found);
    }

    [Theory]
    [InlineData(ErrorIndex)]
    [InlineData(RequestIndex)]
    public void AFailureClosesWhatItOpenedAndNothingElse(int failing)
    {
        string input = new FileInfo("/proc/self/fd/0").LinkTarget!;
        var opened = new List<int>();
        bool Refuse(int index, int descriptor)
        {
            opened.Add(descriptor);
            return index != failing ? true : throw new PciDeviceException("no more interrupts");
        }
        Assert.Equal("no more interrupts", Assert.Throws<PciDeviceException>(
            () => new DeviceNotices("0000:03:00.0", "the kernel", Refuse, _clock)).Message);
        Assert.NotEmpty(opened);
        Assert.Equal(input, new FileInfo("/proc/self/fd/0").LinkTarget);
        // Another test may have opened something since, but not one of our event descriptors.
        Assert.All(opened, descriptor => Assert.DoesNotContain(
            "eventfd", new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget ?? ""));
    }

    // Whatever is opened afterwards may get the same descriptor numbers.
    [Fact]
    public void AfterDisposalNothingIsReadAnyMore()
    {
        var notices = Connect();
        notices.Dispose();
        var others = Enumerable.Range(0, 8).Select(_ => Libc.eventfd(1, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC)).ToList();
        try
        {
            Assert.Contains(others, _descriptors.ContainsValue);
            _clock.Tick();
            notices.Look();
            notices.Dispose();
            Assert.Null(notices.Found);
            Assert.All(others, other => Assert.Equal(1u, Take(other)));
        }
        finally
        {
            foreach (int other in others) _ = Libc.close(other);
        }
    }

    private static ulong Take(int descriptor)
    {
        ulong count = 0;
        Assert.Equal(sizeof(ulong), Libc.read(descriptor, &count, sizeof(ulong)));
        return count;
    }

    private DeviceNotices Connect(params int[] missing) => new("0000:03:00.0", "the kernel", (index, descriptor) =>
    {
        Assert.InRange(index, ErrorIndex, RequestIndex);
        if (missing.Contains(index)) return false;
        _descriptors.Add(index, descriptor);
        return true;
    }, _clock);

    private void Signal(int index)
    {
        ulong one = 1;
        Assert.Equal(sizeof(ulong), Libc.write(_descriptors[index], &one, sizeof(ulong)));
    }

    /// <summary>
    /// Timers fire when the test says so, even after they are disposed, like a timer that was just about to fire.
    /// </summary>
    private sealed class ManualClock : TimeProvider
    {
        private readonly List<Action> _timers = [];

        internal int Timers => _timers.Count;

        internal void Tick() => _timers.ForEach(fire => fire());

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Add(() => callback(state));
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
