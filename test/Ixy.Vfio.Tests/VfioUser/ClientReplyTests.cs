using System.Buffers.Binary;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>
/// Invalid replies, to every command there is: always an error of the right type, promptly, and no descriptor leaks.
/// </summary>
public sealed class ClientReplyTests
{
    private static readonly int[] s_commands =
    [
        HandDevice.Version, HandDevice.DmaMap, HandDevice.DmaUnmap, HandDevice.GetInfo, HandDevice.GetRegionInfo,
        HandDevice.GetIrqInfo,
        HandDevice.SetIrqs, HandDevice.RegionRead, HandDevice.RegionWrite, HandDevice.DeviceReset,
    ];

    public static TheoryData<int> Commands => [.. s_commands];

    public static TheoryData<int> CommandsWithPayload =>
        [.. s_commands.Except([HandDevice.DmaMap, HandDevice.SetIrqs, HandDevice.DeviceReset])];

    [Theory]
    [MemberData(nameof(Commands))]
    public void AnotherId(int command) =>
        AssertThrows<VfioUserProtocolException>(command, answer => { answer.Bytes[0]++; });

    [Theory]
    [MemberData(nameof(Commands))]
    public void AnotherCommand(int command) =>
        AssertThrows<VfioUserProtocolException>(command, answer => { answer.Bytes[2] ^= 16; });

    [Theory]
    [MemberData(nameof(Commands))]
    public void NeitherCommandNorReply(int command) =>
        AssertThrows<VfioUserProtocolException>(command, answer => answer.Bytes[8] = 2);

    [Theory]
    [MemberData(nameof(Commands))]
    public void ASizeShorterThanTheHeader(int command) =>
        AssertThrows<VfioUserProtocolException>(command, answer => SetSize(answer, 15));

    [Theory]
    [MemberData(nameof(Commands))]
    public void ASizeOfZero(int command) =>
        AssertThrows<VfioUserProtocolException>(command, answer => SetSize(answer, 0));

    [Theory]
    [MemberData(nameof(Commands))]
    public void ASizeBeyondAllLimits(int command) =>
        AssertThrows<VfioUserProtocolException>(command, answer => SetSize(answer, uint.MaxValue));

    [Theory]
    [MemberData(nameof(CommandsWithPayload))]
    public void APayloadThatIsTooShort(int command) => AssertThrows<VfioUserProtocolException>(command, answer =>
    {
        SetSize(answer, (uint)answer.Bytes.Length - 1);
        return answer with { Bytes = answer.Bytes[..^1] };
    });

    [Theory]
    [MemberData(nameof(CommandsWithPayload))]
    public void NoPayload(int command) => AssertThrows<VfioUserProtocolException>(command, answer =>
    {
        SetSize(answer, 16);
        return answer with { Bytes = answer.Bytes[..16] };
    });

    [Theory]
    [MemberData(nameof(Commands))]
    public void APayloadThatIsTooLong(int command) => AssertThrows<VfioUserProtocolException>(command, answer =>
    {
        SetSize(answer, (uint)answer.Bytes.Length + 1);
        return answer with { Bytes = [.. answer.Bytes, 0] };
    });

    [Theory]
    [MemberData(nameof(Commands))]
    public void SurplusDescriptors(int command) =>
        AssertThrows<VfioUserProtocolException>(command, (answer, file) => answer with { Descriptors = [file, file] });

    [Theory]
    [MemberData(nameof(Commands))]
    public void AnError(int command)
    {
        var error = AssertThrows<VfioUserRefusedException>(command, (asked, _, _) => Answer.Error(asked, 12));
        Assert.Equal(12, error.Error);
        Assert.Contains("errno 12", error.Message);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void NoAnswer(int command) => AssertThrows<DeviceTimeoutException>(command, _ => Answer.Nothing);

    [Theory]
    [MemberData(nameof(Commands))]
    public void ACommandInsteadOfAReply(int command) =>
        AssertThrows<DeviceTimeoutException>(command, answer => answer.Bytes[8] = 0);

    [Theory]
    [MemberData(nameof(Commands))]
    public void HalfAMessage(int command) =>
        AssertThrows<DeviceTimeoutException>(
            command, answer => answer with { Bytes = answer.Bytes[..(answer.Bytes.Length / 2)] });

    [Theory]
    [MemberData(nameof(Commands))]
    public void TheEndInsteadOfAReply(int command)
    {
        var error = AssertThrows<VfioUserDisconnectedException>(command, _ => Answer.Nothing with { ThenEnds = true });
        Assert.Contains("start it again", error.Message);
    }

    [Fact]
    public void AReplyThatNobodyAskedFor()
    {
        var error = ClientBench.Watch(bench =>
        {
            using var device = bench.Open();
            bench.Server.Send(Answer.Header(1, HandDevice.RegionRead, 16, 1, 0));
            SpinWait.SpinUntil(() => device.IsGone, ClientBench.Moment);
            device.ThrowIfGone();
        });
        Assert.IsType<VfioUserProtocolException>(error);
    }

    // A surplus reply breaks the connection; every later caller gets the error that broke it.
    [Fact]
    public void TheReasonStays()
    {
        var error = ClientBench.Watch(bench =>
        {
            using var device = bench.Open();
            bench.Device.On(HandDevice.RegionRead, asked => Spoil(bench.Device.UsualReply(asked)));
            Assert.Throws<VfioUserProtocolException>(() => device.ReadConfig(0, 2));
            Assert.True(device.IsGone);
            bench.Device.On(HandDevice.RegionRead, _ => null);
            device.ReadConfig(0, 2);
        });
        Assert.IsType<VfioUserProtocolException>(error);

        static Answer Spoil(Answer answer)
        {
            answer.Bytes[0]++;
            return answer;
        }
    }

    // An error is a valid reply: the device is still there.
    [Fact]
    public void AfterAnErrorTheDeviceGoesOn() => Assert.Null(ClientBench.Watch(bench =>
    {
        using var device = bench.Open();
        bench.Device.On(HandDevice.RegionRead, asked => asked.Word(0) == 0x40 ? Answer.Error(asked, 22) : null);
        Assert.Throws<VfioUserRefusedException>(() => device.ReadConfig(0x40, 2));
        Assert.Equal(0x8086, device.VendorId);
        Assert.False(device.IsGone);
    }));

    [Theory]
    [InlineData(HandDevice.RegionRead, 16, 0)] // offset
    [InlineData(HandDevice.RegionRead, 16, 8)] // region
    [InlineData(HandDevice.RegionRead, 16, 12)] // count
    [InlineData(HandDevice.RegionWrite, 16, 0)]
    [InlineData(HandDevice.RegionWrite, 16, 8)]
    [InlineData(HandDevice.RegionWrite, 16, 12)]
    [InlineData(HandDevice.DmaUnmap, 16, 8)] // address
    [InlineData(HandDevice.DmaUnmap, 16, 16)] // size
    [InlineData(HandDevice.GetIrqInfo, 16, 8)] // index
    [InlineData(HandDevice.GetRegionInfo, 16, 0)] // argsz
    [InlineData(HandDevice.GetRegionInfo, 16, 8)] // index
    public void APayloadAboutSomethingElse(int command, int header, int field) =>
        AssertThrows<VfioUserProtocolException>(command, answer => answer.Bytes[header + field] ^= 1);

    // The server may reply late to a check that nobody waits for: with the next command's reply, or on its own.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ALateAnswerToAQuestionInPassing(bool withACommand) => Assert.Null(ClientBench.Watch(bench =>
    {
        using var goesOn = new ManualResetEventSlim();
        using var device = bench.Open();
        DriverBench.Until(device.AnswersNow, "it answers");
        int asked = 0;
        bench.Device.On(HandDevice.GetInfo, _ =>
        {
            asked++;
            goesOn.Wait();
            return null;
        });
        // Longer than a command may take.
        for (int i = 0; i < 5; i++) Assert.False(device.AnswersNow());
        Assert.Equal(1, asked);
        goesOn.Set();
        if (withACommand) Assert.Equal(0x8086u, device.ReadConfig(0, 2));
        DriverBench.Until(device.AnswersNow, "it answers");
        Assert.False(device.IsGone);
    }, inVain: true));

    private static void SetSize(Answer answer, uint size) =>
        BinaryPrimitives.WriteUInt32LittleEndian(answer.Bytes.AsSpan(4), size);

    private static T AssertThrows<T>(int command, Action<Answer> spoil) where T : Exception =>
        AssertThrows<T>(command, answer =>
    {
        spoil(answer);
        return answer;
    });

    private static T AssertThrows<T>(int command, Func<Answer, Answer> spoil) where T : Exception =>
        AssertThrows<T>(command, (answer, _) => spoil(answer));

    private static T AssertThrows<T>(int command, Func<Answer, int, Answer> spoil) where T : Exception =>
        AssertThrows<T>(command, (_, answer, file) => spoil(answer, file));

    private static T AssertThrows<T>(int command, Func<Asked, Answer, int, Answer> spoil) where T : Exception =>
        Assert.IsType<T>(ClientBench.Watch(bench =>
        {
            bench.Device.On(command, asked => spoil(asked, bench.Device.UsualReply(asked), bench.Device.File));
            bench.UseAll();
        }, inVain: typeof(T) == typeof(DeviceTimeoutException)));
}
