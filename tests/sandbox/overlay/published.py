"""A template with the ids, types and properties of the one that existing customers run, written for these tests."""

PUBLISHED = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  VpcId: {Type: AWS::EC2::VPC::Id}
  SubnetId: {Type: AWS::EC2::Subnet::Id}
  InstanceType: {Type: String, Default: t4g.large}
  VolumeSizeGiB: {Type: Number, Default: 50, MinValue: 30, MaxValue: 1000}
  InstanceName: {Type: String, Default: deepsql-selfhost}
  AdminEmail: {Type: String, Default: admin@yourcompany.com}
  AdminPassword: {Type: String, NoEcho: true, MinLength: 12}
  CreateSupportUser: {Type: String, Default: "Yes", AllowedValues: ["Yes", "No"]}
  SupportUserName: {Type: String, Default: deepsql-support}
Conditions:
  WantSupportUser: !Equals [!Ref CreateSupportUser, "Yes"]
Resources:
  InstanceSecurityGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: egress only
      VpcId: !Ref VpcId
      SecurityGroupEgress: [{IpProtocol: "-1", CidrIp: 0.0.0.0/0}]
  InstanceRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub "${InstanceName}-instance-role"
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore]
  InstanceProfile:
    Type: AWS::IAM::InstanceProfile
    Properties:
      InstanceProfileName: !Sub "${InstanceName}-instance-profile"
      Roles: [!Ref InstanceRole]
  Instance:
    Type: AWS::EC2::Instance
    Properties:
      ImageId: "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"
      InstanceType: !Ref InstanceType
      IamInstanceProfile: !Ref InstanceProfile
      SubnetId: !Ref SubnetId
      SecurityGroupIds: [!Ref InstanceSecurityGroup]
      BlockDeviceMappings:
        - DeviceName: /dev/xvda
          Ebs: {VolumeType: gp3, VolumeSize: !Ref VolumeSizeGiB, Encrypted: true, DeleteOnTermination: true}
      MetadataOptions: {HttpTokens: required, HttpEndpoint: enabled}
      Tags:
        - {Key: Name, Value: !Ref InstanceName}
        - {Key: "deepsql:managed", Value: "true"}
      UserData:
        Fn::Base64: !Sub "EMAIL='${AdminEmail}' PASSWORD='${AdminPassword}'"
  SupportUser:
    Type: AWS::IAM::User
    Condition: WantSupportUser
    Properties: {UserName: !Ref SupportUserName}
  SupportUserPolicy:
    Type: AWS::IAM::Policy
    Condition: WantSupportUser
    Properties:
      PolicyName: deepsql-support-ssm
      Users: [!Ref SupportUser]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: [ssm:TerminateSession]
            Resource: [!Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:session/${!aws:username}-*"]
  SupportAccessKey:
    Type: AWS::IAM::AccessKey
    Condition: WantSupportUser
    Properties: {UserName: !Ref SupportUser, Status: Active}
  SupportCredentialsSecret:
    Type: AWS::SecretsManager::Secret
    Condition: WantSupportUser
    Properties:
      Name: !Sub "deepsql/support/${SupportUserName}"
      SecretString: !Sub >-
        {"AccessKeyId":"${SupportAccessKey}","SecretAccessKey":"${SupportAccessKey.SecretAccessKey}",
        "Region":"${AWS::Region}","InstanceId":"${Instance}"}
Outputs:
  InstanceId: {Value: !Ref Instance}
  PrivateIp: {Value: !GetAtt Instance.PrivateIp}
  SupportSecretArn: {Condition: WantSupportUser, Value: !Ref SupportCredentialsSecret}
"""

SUPPORT_SET = {"SupportUser", "SupportUserPolicy", "SupportAccessKey", "SupportCredentialsSecret"}
ADMIN_PASSWORD = "canary-of-the-admin-password"


def parameters(**given: str) -> list[dict[str, str]]:
    """The template's parameters as the API takes them, with the sandbox's own network."""
    values = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminPassword": ADMIN_PASSWORD, **given}
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def previous(*kept: str, **given: str) -> list[dict[str, object]]:
    """Previous values for the named parameters, new ones for the others."""
    return [
        *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
        *({"ParameterKey": key, "ParameterValue": value} for key, value in given.items()),
    ]
