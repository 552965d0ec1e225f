using Ixy.Hosting;
using Ixy.Simulation;
using Ixy.Simulation.Recording;

namespace Ixy.Labs.Grader;

/// <summary>A task has failed.</summary>
internal sealed class TrialFailedException(Finding finding) : Exception(finding.Message)
{
    internal Finding Finding => finding;
}

/// <summary>One run of a student's driver, with one seed, in a world of its own.</summary>
internal sealed class Trial : IDisposable
{
    private static readonly TimeSpan s_usual = TimeSpan.FromMilliseconds(20);

    private readonly Type _driver;
    private readonly List<LabDevice> _devices = [];
    private readonly List<InProcessPciDevice> _cards = [];
    private readonly Random _random;

    internal Trial(Type driver, ulong seed, Recorder? recorder)
    {
        (_driver, Seed) = (driver, seed);
        World = new VirtualWorld(seed, recorder);
        Run = new LabRun(World);
        _random = new Random((int)seed);
    }

    internal ulong Seed { get; }

    /// <summary>What sections are of.</summary>
    internal string Document { get; set; } = "82599";

    /// <summary>What else to say of a rule that was broken on a card; null for nothing.</summary>
    internal Func<LabDevice, string, string?>? Explain { get; set; }

    internal VirtualWorld World { get; }

    internal LabRun Run { get; }

    /// <summary>Every second seed has cards that do what the datasheet leaves open in their own way.</summary>
    internal bool IsPerverse => Seed % 2 == 1;

    internal long Now => World.Clock.GetTimestamp();

    /// <summary>Draws a number from the seed.</summary>
    internal int Draw(int least, int most) => _random.Next(least, most + 1);

    internal byte[] DrawBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    internal void Shuffle<T>(T[] items) => _random.Shuffle(items);

    /// <summary>Opens a card; it is a perverse one where the trial is.</summary>
    /// <param name="specifier">Which card.</param>
    /// <param name="wire">What it is plugged into.</param>
    /// <param name="number">Which of several like it.</param>
    internal LabDevice Open(string specifier, LabWire wire, ulong number = 0)
    {
        if (IsPerverse) specifier += $",behaviour=perverse,seed={Seed + 1000 * number}";
        return Add(World.OpenCard(specifier, wire));
    }

    /// <summary>The card behind a device, past time and rules: for looks that are not the student's.</summary>
    internal uint Peek(LabDevice device, uint register, int bar = 0) =>
        _cards[_devices.IndexOf(device)].OpenBar(bar).Read32(register);

    /// <summary>Descriptors of the ring whose RDLEN or TDLEN this is, or what comes nearest to a ring.</summary>
    internal int RingSize(LabDevice device, uint length) => Math.Clamp((int)Peek(device, length) / 16, 8, 8192);

    internal SimulatedPciDevice CardOf(LabDevice device) => (SimulatedPciDevice)_cards[_devices.IndexOf(device)];

    /// <summary>Makes the student's object.</summary>
    internal T New<T>() where T : class =>
        (T)Call($"the constructor of {_driver.Name}", () => Construct(_driver));

    internal void Call(string call, Action action, TimeSpan? limit = null) => Call<object?>(call, () =>
    {
        action();
        return null;
    }, limit);

    /// <summary>Calls something of the student's: what it throws or breaks is a finding.</summary>
    /// <param name="call">What is called, for messages.</param>
    /// <param name="action">The call.</param>
    /// <param name="limit">How long it may take, in virtual time; 20 ms if null.</param>
    internal T Call<T>(string call, Func<T> action, TimeSpan? limit = null)
    {
        Run.Begin(call, limit ?? s_usual);
        try
        {
            var result = action();
            Run.End();
            CheckRules();
            return result;
        }
        catch (Exception error) when (error is not TrialFailedException)
        {
            string words = Describe(call, Run.Stop() ?? error);
            int line = Run.Line;
            if (error is NotDoneException) throw Failed(words, line);
            CheckRules(then: words);
            throw Failed(words, line);
        }
    }

    /// <summary>Lets time pass without the driver.</summary>
    internal void Advance(TimeSpan time)
    {
        World.Advance(time);
        Run.Passed?.Invoke();
        CheckRules();
    }

    /// <summary>Fails at the first rule that was broken.</summary>
    internal void CheckRules(string? then = null)
    {
        foreach (var device in _devices)
        {
            if (device.Broken is not [var first, ..]) continue;
            var (broken, line, isLater) = first;
            string where = isLater ? $"The card found this after the write in line {line}: " : "";
            string why = Explain?.Invoke(device, broken.Rule) is { } words ? $" {words}." : "";
            throw new TrialFailedException(new(
                "", $"{where}{broken.Register} = 0x{broken.Value:x}: {broken.Explanation}.{why}"
                    + (then is null ? "" : $" Then {then}"),
                broken.Rule, $"{Document} {broken.Section}", line == 0 ? null : line));
        }
    }

    /// <summary>The exception to throw for a failure that the card does not see.</summary>
    internal TrialFailedException Failed(string message, int? line = null, string? section = null) =>
        new(new("", message, null, section, line is null or 0 ? null : line));

    public void Dispose()
    {
        foreach (var device in _devices) device.Dispose();
        Run.Dispose();
    }

    private LabDevice Add(SimulatedPciDevice card)
    {
        var device = new LabDevice(Run, card);
        _cards.Add(card);
        _devices.Add(device);
        return device;
    }

    private static object Construct(Type type)
    {
        try
        {
            return Activator.CreateInstance(type)!;
        }
        catch (System.Reflection.TargetInvocationException error) when (error.InnerException is { } inner)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }

    private static string Describe(string call, Exception error) => error switch
    {
        NotDoneException empty => $"Hole {empty.Hole} is still empty.",
        TypeInitializationException { InnerException: { } inner } => Describe(call, inner),
        LabLimitException => error.Message + ".",
        OutOfMemoryException => $"{call} asks for more memory than an exercise has.",
        IndexOutOfRangeException or ArgumentOutOfRangeException { Source: "System.Private.CoreLib" } =>
            $"{call} threw {error.GetType().Name}: {Flat(error)} Is an index or a length beyond the end of a span or an array?",
        NullReferenceException => $"{call} used a variable that is null.",
        _ => $"{call} threw {error.GetType().Name}: {Flat(error)}",
    };

    private static string Flat(Exception error)
    {
        string message = error.Message.ReplaceLineEndings(" ").Split(" (Parameter")[0];
        return message.EndsWith('.') ? message : message + ".";
    }
}
